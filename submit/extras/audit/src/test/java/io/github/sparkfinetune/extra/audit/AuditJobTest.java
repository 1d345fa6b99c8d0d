package io.github.sparkfinetune.extra.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class AuditJobTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 80;
    private static final int EVERY = 20;

    @TempDir
    Path folder;

    @Test
    void ranksPlantedErrorsFirst() throws Exception {
        RunConfig config = config();
        String output = folder.resolve("audit").toString();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Audited audited = new AuditJob(spark, config, new AuditOptions(output, 2, 1), line -> {}).run();

            List<Row> rows = spark.read()
                    .parquet(output + "/" + AuditFolder.ROWS)
                    .sort("rank")
                    .collectAsList();
            // The last row, which has the text of another row, is an error, too.
            int planted = ROWS / EVERY + 1;
            assertThat(rows).hasSize(ROWS + 1);
            assertThat(audited.rows()).isEqualTo(ROWS + 1);
            assertThat(audited.labels()).containsExactly("sea", "sky");
            List<Row> errors = rows.subList(0, ROWS / 10).stream()
                    .filter(row -> !row.<String>getAs("label").equals(trueLabel(row.getAs("text"))))
                    .toList();
            assertThat(errors).hasSize(planted).allSatisfy(row -> {
                assertThat(row.<String>getAs("suggested")).isEqualTo(trueLabel(row.getAs("text")));
                assertThat(row.<String>getList(row.fieldIndex("kinds"))).contains(AuditJob.WRONG);
            });
            assertThat(rows.stream().filter(row -> row.<String>getAs("text").equals(text(1))))
                    .hasSize(2)
                    .allSatisfy(row -> assertThat(row.<String>getList(row.fieldIndex("kinds")))
                            .contains(AuditJob.CONFLICTING));
            assertThat(audited.conflicting()).isEqualTo(2);
            assertThat(rows).extracting(row -> row.<Integer>getAs("fold")).contains(0, 1);
            assertThat(folder.resolve("audit/work")).doesNotExist();
            assertThat(JSON.readTree(folder.resolve("audit/audit.json").toFile())
                            .get("near_equal")
                            .asLong())
                    .isEqualTo(audited.nearEqual());

            assertThatThrownBy(() -> new AuditJob(spark, config, new AuditOptions(output, 2, 1), line -> {}).run())
                    .hasMessage("--output: file:" + output + " exists: name a new folder");
        }
    }

    @Test
    void refusesRowsWithoutOneLabelEach() throws Exception {
        RunConfig config = config("task=masked-lm");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> new AuditJob(spark, config, new AuditOptions("none", 2, 1), line -> {}).run())
                    .hasMessageStartingWith("task: audit needs rows with one label each");
        }
    }

    private static String text(int i) {
        return (i % 2 == 0 ? "The sea. " : "My sky! ").repeat(4) + i;
    }

    private static String trueLabel(String text) {
        return text.contains("sea") ? "sea" : "sky";
    }

    private RunConfig config(String... settings) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            boolean isSea = (i % 2 == 0) != (i % EVERY == 0);
            lines.add(JSON.writeValueAsString(Map.of("text", text(i), "label", isSea ? "sea" : "sky")));
        }
        lines.add(JSON.writeValueAsString(Map.of("text", text(1), "label", "sea")));
        Path file = Files.write(folder.resolve("rows.jsonl"), lines);
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + file,
                "data.max_length=32",
                "training.learning_rate=3.0e-3",
                "training.num_train_epochs=12",
                "training.per_device_train_batch_size=4",
                "cluster.ranks=2"));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
