package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An erasure from a dataset that other runs train on. */
@Timeout(600)
class EraseBesideTrainingTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");

    @TempDir
    private Path folder;

    private RunConfig config(String output) {
        return Runs.in(
                folder,
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("mails"),
                "data.incremental=true",
                "data.dir=" + folder.resolve("dataset"),
                "data.eval_fraction=0.1",
                "data.max_length=32",
                "training.learning_rate=1.0e-3",
                "training.per_device_train_batch_size=2",
                "training.save_steps=3",
                "training.save_minutes=0",
                "cluster.ranks=2",
                "output.dir=" + folder.resolve(output));
    }

    private void write(String file, int from, int to) throws IOException {
        PrepareFixture.write(
                folder.resolve("mails").resolve(file), PrepareFixture.mails(to).subList(from, to));
    }

    private static byte[] weights(RunConfig config) throws IOException {
        return Files.readAllBytes(Path.of(config.output().model()).resolve("model.safetensors"));
    }

    @Test
    void takesTheGenerationOfRunsThatRest() throws Exception {
        write("a.jsonl", 0, 60);
        RunConfig config = config("erased");
        RunConfig resting = config("resting");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, record -> {});
            TrainJob.run(spark, resting, new Extent(3, 1), record -> {});
            write("b.jsonl", 60, 80);
            PrepareJob.run(spark, config);

            EraseJob erase = new EraseJob(spark, config);
            Path row = Files.writeString(
                    folder.resolve("row.json"), PrepareFixture.mails(60).get(0));
            Erasure found = erase.find(new Selection(Selection.Kind.FILE, row.toString()));
            assertThat(found.replay().because()).isEqualTo("the dataset has grown since the run began");
            erase.begin(found);
            assertThat(Files.readString(folder.resolve("erased/run.yaml"))).contains("generation: 3");
            TrainJob.run(spark, config, record -> {});
            RunConfig anew = config("anew");
            TrainJob.run(spark, anew, record -> {});
            assertThat(weights(config)).isEqualTo(weights(anew));

            RunException gone =
                    catchThrowableOfType(RunException.class, () -> TrainJob.run(spark, resting, record -> {}));
            assertThat(gone.exitCode()).isEqualTo(ExitCode.DATA);
            assertThat(gone).hasMessageContaining("has no generation 1 (it has 3)");
        }
    }
}
