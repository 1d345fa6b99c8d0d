package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A prediction that was interrupted: the same command does what is missing, another one is refused. */
@Timeout(180)
class PredictResumeTest {
    private static final int PARTS = 6;

    @TempDir
    private static Path folder;

    private static SparkSession spark;
    private static Path input;

    @BeforeAll
    static void train() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(60));
        input = Files.createDirectory(folder.resolve("input"));
        for (int part = 0; part < PARTS; part++) {
            PrepareFixture.write(
                    input.resolve("part-" + part + ".jsonl"),
                    List.of(PrepareFixture.json(part, "ham"), PrepareFixture.json(part + 100, "ham")));
        }
        RunConfig config = config();
        spark = SparkSessions.open(
                config,
                "test",
                "local[1]",
                Map.of("spark.sql.files.minPartitionNum", Integer.toString(PARTS), "spark.task.maxFailures", "1"));
        PrepareJob.run(spark, config);
        TrainJob.run(spark, config, record -> {});
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static RunConfig config(String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model="
                        + Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
                                .toAbsolutePath()
                                .normalize(),
                "cluster.ranks=1",
                "data.max_length=16",
                "training.max_steps=1"));
        Collections.addAll(all, settings);
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private static void predict(RunConfig config, Path output) {
        PredictJob.run(spark, config, "--input", input.toString(), output.toString());
    }

    private static List<Row> rows(Path output) {
        return spark.read().parquet(output.toString()).orderBy("index").collectAsList();
    }

    /** When each part was written. */
    private static Map<String, FileTime> parts(Path output) throws Exception {
        Map<String, FileTime> parts = new TreeMap<>();
        try (Stream<Path> files = Files.list(output)) {
            for (Path file : files.filter(file -> file.getFileName().toString().startsWith("part-"))
                    .toList()) {
                parts.put(file.getFileName().toString(), Files.getLastModifiedTime(file));
            }
        }
        return parts;
    }

    @Test
    void theSameCommandPredictsThePartsThatAreMissing() throws Exception {
        Path whole = folder.resolve("whole");
        predict(config(), whole);
        assertThat(parts(whole)).hasSize(PARTS).containsKeys("part-00000.parquet", "part-00005.parquet");
        assertThat(whole.resolve("_SUCCESS")).exists();
        List<Row> expected = rows(whole);
        assertThat(expected).hasSize(2 * PARTS);
        assertThatThrownBy(() -> predict(config(), whole)).hasMessageContaining("exists already");

        // As a killed command leaves it.
        Files.delete(whole.resolve("_SUCCESS"));
        Files.delete(whole.resolve("part-00002.parquet"));
        Files.delete(whole.resolve("part-00004.parquet"));
        Files.writeString(whole.resolve(".part-00004.parquet.5f0c"), "PAR1");
        Map<String, FileTime> left = parts(whole);
        long tasks = TaskModels.loads();

        predict(config(), whole);

        assertThat(TaskModels.loads() - tasks).isEqualTo(1);
        assertThat(parts(whole)).hasSize(PARTS).containsAllEntriesOf(left);
        assertThat(whole.resolve("_SUCCESS")).exists();
        assertThat(whole.resolve(".part-00004.parquet.5f0c")).doesNotExist();
        assertThat(rows(whole)).isEqualTo(expected);
    }

    @Test
    void whatWasBegunWithOtherSettingsIsRefused() throws Exception {
        Path output = folder.resolve("other");
        predict(config(), output);
        Files.delete(output.resolve("_SUCCESS"));

        assertThatThrownBy(() -> predict(config("data.max_length=8"), output))
                .isInstanceOfSatisfying(
                        RunException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIG))
                .hasMessageContaining("data.max_length was 16 and is now 8");

        Path model = Path.of(config().output().model(), "model.safetensors");
        FileTime before = Files.getLastModifiedTime(model);
        Files.setLastModifiedTime(model, FileTime.fromMillis(before.toMillis() + 5000));
        try {
            assertThatThrownBy(() -> predict(config(), output))
                    .hasMessageContaining("the model's model.safetensors was");
        } finally {
            Files.setLastModifiedTime(model, before);
        }
        // Neither ranks nor what training alone is asked matter.
        predict(config("cluster.ranks=2", "training.logging_steps=7"), output);
        assertThat(rows(output)).hasSize(2 * PARTS);
    }

    @Test
    void aSmallInputIsCutIntoAPartARankInItsOrder() {
        Path output = folder.resolve("small");
        PredictJob.run(
                spark,
                config("cluster.ranks=2"),
                "--input",
                input.resolve("part-0.jsonl").toString(),
                output.toString());
        assertThat(rows(output)).extracting(row -> row.<Long>getAs("index")).containsExactly(0L, 1L);
    }
}
