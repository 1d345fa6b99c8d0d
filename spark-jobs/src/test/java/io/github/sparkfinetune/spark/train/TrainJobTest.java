package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.DirectMemory;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two ranks in one JVM. */
@Timeout(600)
class TrainJobTest {
    private static final AtomicInteger LOST = new AtomicInteger();

    private static SparkSession spark;

    @TempDir
    Path folder;

    private final List<TrainingRecord> records = Collections.synchronizedList(new ArrayList<>());

    @BeforeAll
    static void open(@TempDir Path any) {
        spark = SparkSessions.open(Runs.in(any), "test", "local[2]", Map.of());
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    @Test
    void trainsOnTwoRanksAndPassesEveryRecordOnOnce() throws Exception {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {});

        TrainingResult result = TrainJob.run(spark, Runs.in(folder), body, records::add);

        assertThat(result.samples()).isEqualTo(CountingBody.TRAINED);
        assertThat(result.peakRssBytes()).as("the highest of all ranks").isEqualTo(101);
        assertStepsOnceInOrder();
        assertThat(folder.resolve("run/run.yaml")).content().contains("file:" + folder + "/run");
        assertThat(body.starts()).hasSize(2).allSatisfy(start -> {
            assertThat(start.threads()).isEqualTo(1);
            assertThat(start.gpu()).isEqualTo(-1);
            assertThat(start.offline()).isTrue();
        });
    }

    @Test
    void repeatsTheStageFromTheNewestCheckpointAfterATransientError() throws Exception {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            if (rank.attempt().endsWith("-0") && step == 4 && rank.collective().rank() == 1) {
                throw new IOException("connection reset");
            }
        });

        TrainingResult result = TrainJob.run(spark, Runs.in(folder), body, records::add);

        assertThat(result.samples()).isEqualTo(CountingBody.TRAINED);
        assertThat(body.starts())
                .extracting(CountingBody.Start::resumedFrom)
                .containsExactly("null", "null", "checkpoint-2 by attempt 0", "checkpoint-2 by attempt 0");
        assertStepsOnceInOrder();
    }

    @Test
    void endsTheRunAtOnceWithTheExitCodeOfBadDataOnOneRank() throws Exception {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            if (step == 3 && rank.collective().rank() == 1) {
                throw RunException.data("part-3.parquet: row group 2 is cut off: prepare it again");
            }
        });

        RunException error = failure(body);

        assertThat(error.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(error).hasMessage("part-3.parquet: row group 2 is cut off: prepare it again");
        assertThat(body.starts()).as("one attempt").hasSize(2);
    }

    @Test
    void endsTheRunBeforeARankStartsIfACheckpointCannotBeRead() {
        RunException error = failure(new UnreadableCheckpoint());

        assertThat(error.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(error).hasMessage("checkpoint-4 is damaged");
    }

    private record UnreadableCheckpoint() implements RankBody {
        @Override
        public String newestCheckpoint(RunConfig config, Configuration hadoop) {
            throw RunException.data("checkpoint-4 is damaged");
        }

        @Override
        public TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) {
            throw new AssertionError("no rank may start");
        }
    }

    @Test
    void endsTheRunBeforeARankStartsIfTheDriverLacksDirectMemory() {
        RunException error = failure(new Greedy());

        assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(error).hasMessageStartingWith("Java allows the driver ");
    }

    private record Greedy() implements RankBody {
        @Override
        public Optional<RankMemory> memory(RunConfig config, Configuration hadoop) {
            DirectMemory direct = new DirectMemory(0, 1L << 50, 0);
            return Optional.of(new RankMemory(
                    new RankMemory.Weights(0, 0, 0),
                    new RankMemory.Trained(0, 0),
                    new RankMemory.Computed(0, 0, 0, 0),
                    new RankMemory.Jvm(0, direct),
                    0,
                    RankMemory.Teacher.NONE));
        }

        @Override
        public String newestCheckpoint(RunConfig config, Configuration hadoop) {
            return null;
        }

        @Override
        public TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) {
            throw new AssertionError("a rank has started");
        }
    }

    @Test
    void endsTheRunAtOnceAndNamesTheRankWithoutMemory() throws Exception {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            if (rank.collective().rank() == 1) {
                throw new OutOfMemoryError("Java heap space");
            }
        });

        RunException error = failure(body);

        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error)
                .hasMessageStartingWith("rank 1 ran out of memory (Java heap space): raise spark.executor.memory");
        assertThat(error).hasStackTraceContaining("TrainJobTest");
        assertThat(body.starts()).as("one attempt").hasSize(2);
    }

    @Test
    void endsTheRunAfterThreeAttemptsWithoutProgress() throws Exception {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            if (step == 4 && rank.collective().rank() == 1) {
                throw new IOException("disk full");
            }
        });

        RunException error = failure(body);

        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error)
                .hasMessageStartingWith(
                        "training failed after 4 attempt(s), the last 3 without a newer checkpoint: task ")
                .hasMessageContaining("IOException: disk full")
                .hasMessageContaining("start the same command again");
    }

    @Test
    @Tag("full")
    void survivesSixLostAttemptsWithProgressInBetween() throws Exception {
        LOST.set(0);
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            int lost = LOST.get();
            if (rank.collective().rank() == 0 && lost < 6 && step == new int[] {1, 1, 3, 3, 3, 5}[lost]) {
                LOST.incrementAndGet();
                throw new IOException("connection reset");
            }
        });

        TrainingResult result = TrainJob.run(spark, Runs.in(folder), body, records::add);

        assertThat(result.samples()).isEqualTo(CountingBody.TRAINED);
        assertThat(body.starts()).as("seven attempts").hasSize(14);
        assertStepsOnceInOrder();
    }

    @Test
    void endsTheTrainingWithTheExceptionOfTheConsumer() {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            while (step == 2 && rank.stop().get() == StopRequest.NONE) {
                Thread.onSpinWait();
            }
        });

        Throwable error = catchThrowable(() -> TrainJob.run(spark, Runs.in(folder), body, record -> {
            throw new IllegalStateException("metrics.jsonl cannot be written");
        }));

        assertThat(error).isInstanceOf(IllegalStateException.class).hasMessage("metrics.jsonl cannot be written");
    }

    @Test
    void ranksHearOnlyTheRequestOfTheirJobToLeave() throws Exception {
        try (LeaveRequest mine = new LeaveRequest("mine");
                LeaveRequest other = new LeaveRequest("other");
                LeavePoll rank = new LeavePoll("mine", 0);
                LeavePoll another = new LeavePoll("other", 0)) {
            mine.ask("a test");
            while (!rank.isAsked()) {
                Thread.onSpinWait();
            }
            assertThat(mine.isAsked()).isTrue();
            assertThat(other.isAsked() || another.isAsked()).isFalse();
        }
    }

    @Test
    void refusesNcclWithoutGpus() {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {
            throw new AssertionError("no rank may start");
        });

        RunException error = failure(body, "cluster.collective=nccl");

        assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(error)
                .hasMessageMatching("cluster\\.collective: nccl is not possible on rank 0 \\(.*\\): it has no GPU:"
                        + " set cluster.collective to auto or tcp");
    }

    private RunException failure(RankBody body, String... settings) {
        return catchThrowableOfType(
                RunException.class, () -> TrainJob.run(spark, Runs.in(folder, settings), body, records::add));
    }

    private void assertStepsOnceInOrder() {
        assertThat(records).extracting(TrainingRecord::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    }
}
