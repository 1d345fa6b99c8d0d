package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A dataset gets generations while a run trains on it. */
@Timeout(600)
class TrainBesidePrepareTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");

    @TempDir
    Path folder;

    private RunConfig config(String dataset, String output, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("mails"),
                "data.incremental=true",
                "data.dir=" + folder.resolve(dataset),
                "data.eval_fraction=0.1",
                "data.max_length=32",
                "training.learning_rate=1.0e-3",
                "training.per_device_train_batch_size=2",
                "training.save_steps=3",
                "training.save_minutes=0",
                "cluster.ranks=2",
                "output.dir=" + folder.resolve(output)));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private void write(String file, int from, int to) throws IOException {
        PrepareFixture.write(
                folder.resolve("mails").resolve(file), PrepareFixture.mails(to).subList(from, to));
    }

    private static byte[] weights(RunConfig config) throws IOException {
        return Files.readAllBytes(Path.of(config.output().model()).resolve("model.safetensors"));
    }

    private List<String> files(String dataset) throws IOException {
        try (var files = Files.list(folder.resolve(dataset).resolve("train"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".parquet"))
                    .toList();
        }
    }

    @Test
    void endsAsIfTheDatasetHadStayedAsItWas() throws Exception {
        write("a.jsonl", 0, 40);
        write("b.jsonl", 40, 60);
        RunConfig alone = config("alone", "undisturbed");
        RunConfig beside = config("grown", "disturbed");
        try (SparkSession spark = SparkSessions.open(alone, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, alone);
            PrepareJob.run(spark, beside);
            TrainJob.run(spark, alone, record -> {});

            TrainJob.run(spark, beside, new Extent(7, 1), record -> {});
            List<String> held = files("grown");
            // The rows of a removed file are erased, which writes shards again.
            Files.delete(folder.resolve("mails/b.jsonl"));
            write("c.jsonl", 60, 90);
            PrepareJob.run(spark, beside);
            write("d.jsonl", 90, 100);
            Manifest newest = PrepareJob.run(spark, beside);
            assertThat(files("grown")).as("the paused run holds its shards").containsAll(held);
            List<String> replaced = held.stream()
                    .filter(shard -> !newest.files().containsKey("train/" + shard))
                    .toList();
            assertThat(replaced).isNotEmpty();

            RunException other = catchThrowableOfType(
                    RunException.class,
                    () -> TrainJob.run(spark, config("grown", "disturbed", "data.generation=3"), record -> {}));
            assertThat(other.exitCode()).isEqualTo(ExitCode.CONFIG);
            assertThat(other)
                    .hasMessageContaining("data.generation is 3")
                    .hasMessageContaining("began on generation 1");

            TrainJob.run(spark, beside, record -> {});
            assertThat(weights(beside)).isEqualTo(weights(alone));
            assertThat(Files.readString(folder.resolve("disturbed/run.yaml"))).contains("generation: 1");

            write("e.jsonl", 100, 110);
            PrepareJob.run(spark, beside);
            assertThat(files("grown")).as("the run has ended").doesNotContainAnyElementsOf(replaced);
            assertThat(folder.resolve("grown/manifest-1.json")).doesNotExist();
            assertThat(folder.resolve("grown/manifest-4.json")).exists();
        }
    }
}
