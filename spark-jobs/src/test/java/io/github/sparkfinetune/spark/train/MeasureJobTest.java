package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasureJobTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");

    @TempDir
    Path folder;

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void trainsTheFirstStepsAndLeavesNothing() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(80));
        RunConfig config = Runs.in(
                folder,
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("mails.jsonl"),
                "data.incremental=true",
                "data.dir=" + folder.resolve("dataset"),
                "data.eval_fraction=0.1",
                "data.max_length=32",
                "training.per_device_train_batch_size=2",
                "training.num_train_epochs=2",
                "output.dir=" + folder.resolve("run"));
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            List<String> before = names();
            RunPlan.Work work =
                    PlanJob.run(config, "local[2]", Map.of()).run().work().orElseThrow();

            MeasureJob.Speed speed = MeasureJob.run(spark, config, work);

            assertThat(speed.steps()).isEqualTo(9);
            assertThat(work.steps()).isGreaterThan(12);
            assertThat(speed.secondsPerStep()).isPositive();
            assertThat(speed.seconds()).isCloseTo(speed.secondsPerStep() * work.steps(), within(1e-9));
            assertThat(names()).isEqualTo(before);
            assertThat(new Pins(
                                    new org.apache.hadoop.fs.Path(
                                            folder.resolve("dataset").toUri()),
                                    spark.sparkContext().hadoopConfiguration())
                            .all())
                    .isEmpty();
        }
    }

    @Test
    void takesTheMedianOfTheStepsAfterTheWarmUp() {
        RunPlan.Work work = new RunPlan.Work(100, 6000, 0, 10, 20, 2, Optional.empty());

        assertThat(MeasureJob.Speed.of(List.of(1.0, 2.0, 3.0, 400.0, 600.0, 50.0), work))
                .as("12,000 tokens at 400 a second")
                .isEqualTo(new MeasureJob.Speed(3, 1.5, 30));
        assertThat(MeasureJob.Speed.of(List.of(100.0, 300.0), work))
                .as("a run of fewer steps than the warm-up")
                .isEqualTo(new MeasureJob.Speed(1, 2, 40));
    }
}
