package io.github.sparkfinetune.extra.mine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class MineJobTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-mlm");
    private static final int PAIRS = 30;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void findsNegativesOfTheBaseModel() throws Exception {
        RunConfig config = config("task=embedding");
        String output = folder.resolve("mined").toString();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            MineJob.Mined mined = MineJob.run(spark, config, new MineOptions(output, 3, 1, 0));

            List<Row> rows = spark.read().parquet(output).collectAsList();
            assertThat(rows).hasSize(PAIRS + 1);
            assertThat(mined.rows()).isEqualTo(PAIRS + 1);
            assertThat(mined.withNegatives()).isPositive();
            assertThat(mined.negatives())
                    .isEqualTo(rows.stream()
                            .mapToLong(row -> row.getList(2).size())
                            .sum());
            assertThat(rows).allSatisfy(row -> {
                assertThat(row.schema().fieldNames()).containsExactly("text", "answer", "negative");
                List<String> negatives = row.getList(2);
                assertThat(negatives).hasSizeLessThanOrEqualTo(3).doesNotHaveDuplicates();
                assertThat(negatives).doesNotContain(row.getString(1));
                assertThat(negatives).allMatch(text -> text.startsWith("You may copy"));
                // The text has two answers, neither of which is a negative.
                if (row.getString(0).equals("What of number 0?")) {
                    assertThat(negatives).doesNotContain("You may copy 0", "You may copy or sell 0");
                }
            });

            assertThatThrownBy(() -> MineJob.run(spark, config, new MineOptions(output, 3, 1, 0)))
                    .hasMessage("--output: file:" + output + " exists: name a new folder");
        }
    }

    @Test
    @Tag("full")
    void findsNegativesOfAModelThatWasTrainedOnSuch() throws Exception {
        RunConfig config = config("task=embedding");
        String every = folder.resolve("every").toString();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            MineJob.run(spark, config, new MineOptions(every, 3, 0, -2));
            assertThat(spark.read().parquet(every).collectAsList())
                    .hasSize(PAIRS + 1)
                    .allSatisfy(
                            row -> assertThat(row.<String>getList(2)).hasSize(3).doesNotContain(row.getString(1)));

            RunConfig trained = config(
                    "task=embedding",
                    "data.train=" + every,
                    "embedding.negative=negative",
                    "embedding.num_negatives=2");
            PrepareJob.run(spark, trained);
            TrainJob.run(spark, trained, record -> {});
            // Now the trained model finds them.
            String again = folder.resolve("again").toString();
            assertThat(MineJob.run(spark, trained, new MineOptions(again, 3, 0, 0))
                            .rows())
                    .isEqualTo(PAIRS + 1);
        }
    }

    /** Two answers differ in a name only. */
    @Test
    void comparesTextsRedactedByAModelAndWritesThemAsTheyAre() throws Exception {
        TaggingModel.write(folder.resolve("tagger"), Map.of("holder", "B-PER", "contributors", "B-PER"));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            String name = i % 2 == 0 ? "holder" : "contributors";
            lines.add(JSON.writeValueAsString(
                    Map.of("text", "What of number " + i + "?", "answer", "You may copy " + name)));
        }
        RunConfig plain = config("task=embedding", "data.train=" + Files.write(folder.resolve("names.jsonl"), lines));
        RunConfig redacted = config(
                "task=embedding",
                "data.train=" + folder.resolve("names.jsonl"),
                "data.redact.entities=[PERSON]",
                "data.redact.model=" + folder.resolve("tagger"));
        try (SparkSession spark = SparkSessions.open(plain, "test", "local[2]", Map.of())) {
            assertThat(MineJob.run(
                                    spark,
                                    plain,
                                    new MineOptions(folder.resolve("plain").toString(), 1, 0, 1e-4))
                            .withNegatives())
                    .isPositive();

            String output = folder.resolve("redacted").toString();
            assertThat(MineJob.run(spark, redacted, new MineOptions(output, 1, 0, 1e-4))
                            .withNegatives())
                    .isZero();
            assertThat(spark.read().parquet(output).collectAsList())
                    .hasSize(PAIRS)
                    .allMatch(row -> row.getString(1).matches("You may copy (holder|contributors)"));
        }
    }

    @Test
    void refusesARunThatEmbedsNothing() throws Exception {
        RunConfig config = config("task=masked-lm");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> MineJob.run(spark, config, new MineOptions("none", 1, 0, 0)))
                    .hasMessage("task: masked-lm gives texts no vectors: mine with a run of task embedding");
        }
    }

    private RunConfig config(String... settings) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            lines.add(JSON.writeValueAsString(
                    Map.of("text", "What of number " + i + "?", "answer", "You may copy " + i)));
        }
        lines.add(JSON.writeValueAsString(Map.of("text", "What of number 0?", "answer", "You may copy or sell 0")));
        lines.add(JSON.writeValueAsString(Map.of("text", "", "answer", "You may copy nothing")));
        Path file = Files.write(folder.resolve("pairs.jsonl"), lines);
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + file,
                "data.text_pair=answer",
                "data.max_length=32",
                "data.eval_fraction=0",
                "data.max_bad_fraction=0.5",
                "training.per_device_train_batch_size=8",
                "cluster.ranks=2"));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
