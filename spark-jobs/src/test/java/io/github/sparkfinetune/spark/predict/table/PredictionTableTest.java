package io.github.sparkfinetune.spark.predict.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.prepare.TableSessions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.iceberg.Table;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commits of rows with an id, by commands that do not know of each other. */
@Timeout(300)
class PredictionTableTest {
    private static final int COMMANDS = 2;

    private static SparkSession spark;
    /** Counts the commands whose rows are being written, so after each has seen that no rows are in the table. */
    private static CountDownLatch writing;

    @BeforeAll
    static void open(@TempDir Path folder) {
        spark = TableSessions.in(folder.resolve("warehouse")).getOrCreate();
    }

    @BeforeEach
    void begin() {
        writing = new CountDownLatch(COMMANDS);
    }

    private static PredictionTable create(String name, String format) {
        spark.sql("CREATE TABLE " + name + " (text STRING, label STRING) USING " + format);
        return PredictionTable.of(
                spark, "table:" + name, spark.table(name).select("text").schema());
    }

    private static Dataset<Row> rows(String... texts) {
        return spark.createDataset(List.of(texts), Encoders.STRING()).selectExpr("value AS text", "'ham' AS label");
    }

    private static Dataset<Row> rowsThatAwaitTheOtherCommand(SparkSession session) {
        return session.createDataset(List.of("a", "b"), Encoders.STRING())
                .coalesce(1)
                .map(
                        (MapFunction<String, String>) text -> {
                            if (text.equals("a")) {
                                writing.countDown();
                                writing.await();
                            }
                            return text;
                        },
                        Encoders.STRING())
                .selectExpr("value AS text", "'ham' AS label");
    }

    @ParameterizedTest
    @CsvSource({"delta, twice", "iceberg, lake.twice"})
    void twoCommandsAtOnceAppendOnce(String format, String name) throws Exception {
        PredictionTable table = create(name, format);
        table.commit(rows("before"), "first", false, () -> {});
        ExecutorService commands = Executors.newFixedThreadPool(COMMANDS);
        Callable<Void> command = () -> {
            try {
                // Like another process, a session of its own does not share what Iceberg has cached.
                SparkSession own = spark.newSession();
                PredictionTable.of(
                                own,
                                "table:" + name,
                                own.table(name).select("text").schema())
                        .commit(rowsThatAwaitTheOtherCommand(own), "second", false, () -> {});
            } finally {
                // The other command does not wait for one that has failed.
                writing.countDown();
            }
            return null;
        };
        List<Throwable> failures = new ArrayList<>();
        for (Future<Void> each : commands.invokeAll(List.of(command, command))) {
            try {
                each.get();
            } catch (ExecutionException e) {
                failures.add(e.getCause());
            }
        }
        commands.shutdown();

        assertThat(failures).as("one commits").hasSizeLessThan(COMMANDS);
        assertThat(texts(name)).containsExactly("a", "b", "before");
        // A command that failed is started again.
        table.commit(rows("a", "b"), "second", false, () -> {});
        assertThat(texts(name)).containsExactly("a", "b", "before");
    }

    private static List<String> texts(String name) {
        return spark.table(name)
                .select("text")
                .orderBy("text")
                .as(Encoders.STRING())
                .collectAsList();
    }

    @Test
    void anIcebergTableAppendsOnceThoughItsSnapshotsExpire() throws Exception {
        PredictionTable table = create("lake.expired", "iceberg");
        boolean[] staged = {false};
        table.commit(rows("a"), "once", false, () -> staged[0] = true);
        table.commit(rows("b"), "later", false, () -> {});
        Table iceberg = Spark3Util.loadIcebergTable(spark, "lake.expired");
        iceberg.expireSnapshots()
                .expireOlderThan(System.currentTimeMillis() + 1)
                .retainLast(1)
                .commit();

        table.commit(rows("a"), "once", staged[0], () -> {});

        assertThat(iceberg.snapshots()).hasSize(1);
        assertThat(texts("lake.expired")).containsExactly("a", "b");
        assertThat(iceberg.refs()).as("branches").containsOnlyKeys("main");
    }

    @Test
    void aTableOfTheCurrentNamespaceNeedsNoFurtherName() throws Exception {
        spark.sql("CREATE NAMESPACE lake.here");
        spark.sql("USE lake.here");
        try {
            PredictionTable table = create("short", "iceberg");
            table.commit(rows("a"), "once", false, () -> {});
            table.commit(rows("a"), "once", false, () -> {});
            assertThat(texts("short")).containsExactly("a");
        } finally {
            spark.sql("USE spark_catalog.default");
        }
    }

    @Test
    void aKilledCommandLeavesStagedRowsThatNobodyReadsAndTheNextPublishes() throws Exception {
        PredictionTable table = create("lake.killed", "iceberg");
        try {
            table.commit(rows("a"), "once", false, () -> {
                throw new IllegalStateException("killed");
            });
        } catch (IllegalStateException killed) {
            assertThat(texts("lake.killed")).isEmpty();
        }

        table.commit(rows("a"), "once", false, () -> {});

        assertThat(texts("lake.killed")).containsExactly("a");
    }
}
