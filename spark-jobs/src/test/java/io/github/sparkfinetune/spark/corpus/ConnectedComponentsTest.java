package io.github.sparkfinetune.spark.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.sparkfinetune.testing.TestMatrix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConnectedComponentsTest {
    private static final int NODES = 3000;

    /** Returns the id of a node. The order of ids differs from the order of numbers. */
    private static DocumentId node(int number) {
        return DocumentId.of(Documents.hash("node " + number));
    }

    private static List<int[]> graph() {
        Random random = new Random(3);
        List<int[]> edges = new ArrayList<>();
        // A path, whose length decides the number of rounds; a star; some random pairs.
        for (int i = 0; i < 40; i++) {
            edges.add(new int[] {i, i + 1});
        }
        for (int i = 0; i < 400; i++) {
            edges.add(new int[] {1500, 1501 + i});
        }
        for (int i = 0; i < 500; i++) {
            edges.add(new int[] {2000 + random.nextInt(1000), 2000 + random.nextInt(1000)});
        }
        return edges;
    }

    /** Returns every node except its component's smallest, with the smallest node. */
    private static Map<DocumentId, DocumentId> expected(List<int[]> edges) {
        int[] component = new int[NODES];
        for (int i = 0; i < NODES; i++) {
            component[i] = i;
        }
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int[] edge : edges) {
                int a = component[edge[0]];
                int b = component[edge[1]];
                if (a != b) {
                    int smaller = node(a).compareTo(node(b)) < 0 ? a : b;
                    component[edge[0]] = smaller;
                    component[edge[1]] = smaller;
                    changed = true;
                }
            }
        }
        Map<DocumentId, DocumentId> expected = new HashMap<>();
        for (int i = 0; i < NODES; i++) {
            if (component[i] != i) {
                expected.put(node(i), node(component[i]));
            }
        }
        return expected;
    }

    static Stream<Arguments> partitions() {
        return TestMatrix.first(1, arguments(Documents.MANY_PARTITIONS), arguments(1), arguments(3));
    }

    @ParameterizedTest
    @MethodSource("partitions")
    void linksEveryNodeToTheSmallest(int partitions) {
        SparkSession spark = Documents.spark();
        List<Row> rows = new ArrayList<>();
        for (int[] edge : graph()) {
            DocumentId a = node(edge[0]);
            DocumentId b = node(edge[1]);
            if (!a.equals(b)) {
                rows.add(a.compareTo(b) > 0 ? Edges.row(a, b) : Edges.row(b, a));
            }
        }

        Dataset<Row> edges = spark.createDataFrame(rows, Edges.SCHEMA).repartition(partitions);
        Dataset<Row> components = new ConnectedComponents(spark, partitions).of(edges);

        Map<DocumentId, DocumentId> found = new HashMap<>();
        for (Row row : components.collectAsList()) {
            DocumentId node = new DocumentId(row.getLong(0), row.getLong(1));
            assertThat(found.put(node, new DocumentId(row.getLong(2), row.getLong(3))))
                    .as("an earlier link of the node")
                    .isNull();
        }
        components.unpersist();
        assertThat(found).isEqualTo(expected(graph()));
    }
}
