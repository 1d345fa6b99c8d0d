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
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two ranks in a session of three executors, of which one becomes slow. */
@Tag("full")
@Timeout(600)
class SpareExecutorTest {
    private static final int STEPS = 400;
    /** Stops a process for most of the time, in pieces that are shorter than a step. */
    private static final String SLOW_DOWN = """
            import os, signal, sys, time
            while True:
                os.kill(int(sys.argv[1]), signal.SIGSTOP)
                time.sleep(0.05)
                os.kill(int(sys.argv[1]), signal.SIGCONT)
                time.sleep(0.005)
            """;

    @TempDir
    private static Path folder;

    private static SparkSession spark;

    private final List<TrainingRecord> records = Collections.synchronizedList(new ArrayList<>());
    private Process slowing;

    @BeforeAll
    static void open() throws IOException {
        spark = SparkSessions.open(
                config("undisturbed"),
                "test",
                "local-cluster[3,1,1024]",
                Map.of("spark.executor.instances", "3", "spark.cores.max", "3"));
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        PrepareJob.run(spark, config("undisturbed"));
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    @AfterEach
    void recover() {
        if (slowing != null) {
            slowing.destroyForcibly();
        }
    }

    private static RunConfig config(String run) {
        return FaultyTraining.config(folder, run, "training.max_steps=" + STEPS, "cluster.start_timeout_seconds=40");
    }

    private static byte[] model(String run) throws IOException {
        return FaultyTraining.model(folder, run);
    }

    @Test
    void aSlowExecutorIsReplacedByAFreeOneAndALostOneLaterByAnother() throws Exception {
        FaultyTraining training = new FaultyTraining(
                Files.createDirectory(folder.resolve("starts")).toString(),
                Map.of(STEPS - 5L, rank -> TrainOnExecutorsTest.killThisProcess()));

        TrainJob.run(spark, config("slow"), training, record -> {
            records.add(record);
            if (slowing == null) {
                slowing = slowDown(training);
            }
        });

        List<FaultyTraining.Start> starts = training.starts();
        assertThat(starts).hasSize(6);
        long slow = starts.get(1).pid();
        assertThat(starts.subList(4, 6))
                .extracting(FaultyTraining.Start::pid)
                .as("two executors")
                .doesNotHaveDuplicates();
        assertThat(starts.subList(2, 6))
                .allMatch(start -> start.pid() != slow)
                .allMatch(start -> start.resumedFrom().startsWith("step-"));
        assertThat(records)
                .extracting(TrainingRecord::step)
                .containsSubsequence(LongStream.rangeClosed(1, STEPS).boxed().toList());
        slowing.destroyForcibly();
        TrainJob.run(spark, config("undisturbed"), record -> {});
        assertThat(model("slow")).isEqualTo(model("undisturbed"));
    }

    private static Process slowDown(FaultyTraining training) {
        try {
            String pid = Long.toString(training.starts().get(1).pid());
            return new ProcessBuilder("python3", "-c", SLOW_DOWN, pid)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
