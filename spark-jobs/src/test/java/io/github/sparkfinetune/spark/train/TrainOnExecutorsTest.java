package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two ranks on separate executors. */
@Timeout(600)
class TrainOnExecutorsTest {
    private static final String MASTER = "local-cluster[2,1,1024]";

    @TempDir
    Path folder;

    private final List<TrainingRecord> records = Collections.synchronizedList(new ArrayList<>());
    private SparkSession spark;

    @AfterEach
    void stop() {
        if (spark != null) {
            spark.stop();
        }
    }

    @Test
    void survivesAKilledExecutorAndEndsOnBadDataOrAMissingExecutor() throws Exception {
        // An executor reads Java options from this file when it starts. An agent that does not exist prevents the
        // start.
        Path options = Files.createFile(folder.resolve("options"));
        spark = SparkSessions.open(
                Runs.in(folder),
                "test",
                MASTER,
                Map.of("spark.executor.extraJavaOptions", "-XX:VMOptionsFile=" + options));
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            if (rank.attempt().endsWith("-0") && rank.collective().rank() == 1 && step == 4) {
                killThisProcess();
            }
        });

        TrainingResult result = TrainJob.run(spark, Runs.in(folder), body, records::add);

        assertThat(result.samples()).isEqualTo(CountingBody.TRAINED);
        assertThat(records).extracting(TrainingRecord::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        List<CountingBody.Start> starts = body.starts();
        assertThat(starts)
                .extracting(CountingBody.Start::resumedFrom)
                .containsExactly("null", "null", "checkpoint-2 by attempt 0", "checkpoint-2 by attempt 0");
        assertThat(starts.get(0).pid()).isNotEqualTo(starts.get(1).pid());
        assertThat(starts.get(2).pid()).isNotEqualTo(starts.get(3).pid());
        assertThat(starts).allMatch(CountingBody.Start::offline);

        Path other = Files.createDirectory(folder.resolve("other"));
        CountingBody badData = new CountingBody(other.toString(), (rank, step) -> {
            if (rank.collective().rank() == 1 && step == 3) {
                throw RunException.data("part-0.parquet is cut off");
            }
        });

        RunException error = catchThrowableOfType(
                RunException.class, () -> TrainJob.run(spark, Runs.in(other), badData, records::add));

        assertThat(error.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(error).hasMessage("part-0.parquet is cut off");
        assertThat(badData.starts()).as("one attempt").hasSize(2);

        Path withoutExecutor = Files.createDirectory(folder.resolve("last"));
        String file = options.toString();
        CountingBody lost = new CountingBody(withoutExecutor.toString(), (rank, step) -> {
            if (rank.collective().rank() == 1 && step == 3) {
                Files.writeString(Path.of(file), "-agentlib:none");
                killThisProcess();
            }
        });
        RunConfig impatient = Runs.in(withoutExecutor, "cluster.start_timeout_seconds=4");

        RunException alone =
                catchThrowableOfType(RunException.class, () -> TrainJob.run(spark, impatient, lost, records::add));

        assertThat(alone.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(alone)
                .hasMessageMatching(
                        "no rank has run for 4 s: 1 of 2 executors are registered \\(executor [0-9]+ was lost: Command"
                                + " exited with code .*")
                .hasMessageContaining("cluster.start_timeout_seconds")
                .hasMessageContaining("start the same command again");
    }

    @Test
    @Tag("full")
    void sharesTheGpusOfAnExecutorAmongRanks() throws Exception {
        Path script = Files.writeString(
                folder.resolve("gpus.sh"), "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"5\", \"6\"]}'\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        RunConfig config = Runs.in(folder, "device=gpu");
        spark = SparkSessions.open(
                config,
                "test",
                "local-cluster[1,4,1024]",
                Map.of(
                        "spark.worker.resource.gpu.amount", "2",
                        "spark.worker.resource.gpu.discoveryScript", script.toString(),
                        "spark.executor.resource.gpu.amount", "2"));
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {});

        TrainJob.run(spark, config, body, records::add);

        List<CountingBody.Start> starts = body.starts();
        assertThat(starts).extracting(CountingBody.Start::gpu).containsExactlyInAnyOrder(5, 6);
        assertThat(starts).extracting(CountingBody.Start::threads).containsExactly(2, 2);
        assertThat(starts.get(0).pid()).isEqualTo(starts.get(1).pid());
    }

    @Test
    void endsTheRunIfExecutorsDoNotRegister() {
        RunConfig config = Runs.in(folder, "cluster.start_timeout_seconds=3");
        // No worker has a GPU, so no executor starts.
        spark = SparkSessions.open(config, "test", MASTER, Map.of("spark.executor.resource.gpu.amount", "1"));

        RunException error = catchThrowableOfType(
                RunException.class,
                () -> TrainJob.run(
                        spark, config, new CountingBody(folder.toString(), (rank, step) -> {}), records::add));

        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error)
                .hasMessageStartingWith("0 of 2 executors registered within 3 s")
                .hasMessageContaining("cluster.start_timeout_seconds");
    }

    static void killThisProcess() throws IOException, InterruptedException {
        String pid = Long.toString(ProcessHandle.current().pid());
        Process kill = new ProcessBuilder("kill", "-9", pid).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
}
