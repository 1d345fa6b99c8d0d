package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.spark.scheduler.ExecutorDecommissionInfo;
import org.apache.spark.scheduler.cluster.CoarseGrainedSchedulerBackend;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/** Ranks on separate executors that come and go. The model has the bits of an undisturbed training. */
@Tag("full")
@Timeout(600)
class RanksMoveTest {
    private static final long STEPS = 60;

    @TempDir
    private static Path folder;

    /** An executor reads Java options from this file when it starts. */
    private static Path options;

    private static SparkSession spark;
    private static byte[] undisturbed;

    private final List<TrainingRecord> records = Collections.synchronizedList(new ArrayList<>());

    @BeforeAll
    static void open() throws Exception {
        options = Files.createFile(folder.resolve("options"));
        spark = SparkSessions.open(
                config("undisturbed"),
                "test",
                "local-cluster[2,2,1024]",
                Map.of(
                        "spark.decommission.enabled",
                        "true",
                        "spark.stage.maxConsecutiveAttempts",
                        "2",
                        "spark.executor.extraJavaOptions",
                        "-XX:VMOptionsFile=" + options));
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        PrepareJob.run(spark, config("undisturbed"));
        TrainJob.run(spark, config("undisturbed"), record -> {});
        undisturbed = model("undisturbed");
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static RunConfig config(String run) {
        return FaultyTraining.config(
                folder,
                run,
                "cluster.start_timeout_seconds=8",
                "training.max_steps=" + STEPS,
                "training.save_steps=10");
    }

    private static byte[] model(String run) throws IOException {
        return FaultyTraining.model(folder, run);
    }

    private FaultyTraining training(String run, Map<Long, FaultyTraining.Fault> faults) throws IOException {
        return new FaultyTraining(
                Files.createDirectory(folder.resolve(run + "-starts")).toString(), faults);
    }

    private void assertUndisturbed(String run) throws IOException {
        assertThat(records)
                .extracting(TrainingRecord::step)
                .containsSubsequence(LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(model(run)).isEqualTo(undisturbed);
    }

    @Test
    void losesNoStepWhenAnExecutorIsDecommissioned() throws Exception {
        FaultyTraining training = training("decommissioned", Map.of(25L, FaultyTraining.Fault.AWAIT_LEAVE));

        TrainJob.run(spark, config("decommissioned"), training, record -> {
            records.add(record);
            if (record.step() == 25) {
                decommissionAnExecutor();
            }
        });

        assertUndisturbed("decommissioned");
        assertThat(training.starts().subList(2, 4))
                .extracting(start -> start.resumedFrom().substring(0, "step-00000026".length()))
                .containsExactly("step-00000026", "step-00000026");
    }

    @Test
    void goesOnWhenSparkGivesUpAStageThatMakesProgress() throws Exception {
        FaultyTraining.Fault broken = rank -> {
            throw new IOException("connection reset");
        };
        FaultyTraining training = training("given-up", Map.of(15L, broken, 25L, broken, 35L, broken));

        TrainJob.run(spark, config("given-up"), training, records::add);

        assertUndisturbed("given-up");
        assertThat(training.starts()).as("four attempts").hasSize(8);
    }

    @Test
    void sharesTheExecutorsThatAreLeftUntilThereAreEnoughAgain() throws Exception {
        String file = options.toString();
        FaultyTraining training = training(
                "shared",
                Map.of(
                        20L,
                        rank -> {
                            Files.writeString(Path.of(file), "-agentlib:none");
                            TrainOnExecutorsTest.killThisProcess();
                        },
                        40L,
                        FaultyTraining.Fault.AWAIT_LEAVE));

        TrainJob.run(spark, config("shared"), training, record -> {
            records.add(record);
            if (record.step() == 40) {
                write(options, "");
            }
        });

        assertUndisturbed("shared");
        List<FaultyTraining.Start> starts = training.starts();
        assertThat(starts).hasSize(6).extracting(FaultyTraining.Start::threads).containsOnly(2);
        assertThat(starts.get(0).pid()).isNotEqualTo(starts.get(1).pid());
        assertThat(starts.get(2).pid()).isEqualTo(starts.get(3).pid());
        assertThat(starts.get(4).pid()).isNotEqualTo(starts.get(5).pid());
        assertThat(starts.get(4).resumedFrom()).startsWith("step-00000041-");
    }

    private static void decommissionAnExecutor() {
        CoarseGrainedSchedulerBackend backend =
                (CoarseGrainedSchedulerBackend) spark.sparkContext().schedulerBackend();
        String executor = backend.getExecutorIds().head();
        backend.decommissionExecutor(executor, new ExecutorDecommissionInfo("test", Option.empty()), false, false);
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
