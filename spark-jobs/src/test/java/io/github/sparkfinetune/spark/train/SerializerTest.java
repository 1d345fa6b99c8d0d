package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.predict.EvaluateJob;
import io.github.sparkfinetune.spark.predict.PredictJob;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions with Kryo, which cannot read records. Many clusters set Kryo in spark-defaults.conf. */
class SerializerTest {
    private static final Map<String, String> KRYO =
            Map.of("spark.serializer", "org.apache.spark.serializer.KryoSerializer");

    @TempDir
    private Path folder;

    @Test
    void preparesAndTrainsInItsOwnSessionUnderKryo() throws Exception {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), "train: " + mails, "deduplicate: true");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", KRYO)) {
            Manifest manifest = PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(
                    spark, Runs.in(folder), new CountingBody(folder.toString(), (rank, step) -> {}), step -> {});

            assertThat(manifest.split(Manifest.TRAIN).rows()).isEqualTo(36);
            assertThat(result.samples()).isEqualTo(CountingBody.TRAINED);
        }
    }

    @Test
    void refusesAForeignSessionInOneLine() throws Exception {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), "train: " + mails);
        SparkConf settings =
                new SparkConf().setMaster("local[1]").setAppName("test").set("spark.ui.enabled", "false");
        KRYO.forEach(settings::set);
        try (SparkSession foreign = SparkSession.builder().config(settings).getOrCreate()) {
            List<Runnable> jobs = List.of(
                    () -> PrepareJob.run(foreign, config),
                    () -> TrainJob.run(foreign, config, step -> {}),
                    () -> EvaluateJob.run(foreign, config),
                    () -> PredictJob.run(foreign, config, "--input", mails.toString(), folder + "/out"));
            assertThat(jobs).allSatisfy(job -> {
                RunException error = catchThrowableOfType(RunException.class, job::run);
                assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
                assertThat(error)
                        .hasMessageContaining("this Spark session has spark.serializer=org.apache.spark")
                        .hasMessageContaining("--conf spark.serializer=org.apache.spark.serializer.JavaSerializer");
            });
            assertThat(folder.resolve("dataset")).doesNotExist();
        }
    }
}
