package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trainings that each need all cores of the session, longer than {@code cluster.start_timeout_seconds}. */
@Timeout(120)
class TrainingsOfASessionTest {
    /** Longer than the start timeout of one second and some checks. */
    private static final long WAITED_SECONDS = 4;

    private static SparkSession spark;
    private static CountDownLatch firstHasBegun;
    private static CountDownLatch firstMayEnd;
    private static CountDownLatch secondMayEnd;

    @TempDir
    Path folder;

    private final ExecutorService drivers = Executors.newCachedThreadPool();

    @BeforeAll
    static void open(@TempDir Path any) {
        spark = SparkSessions.open(Runs.in(any), "test", "local[2]", Map.of());
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    @BeforeEach
    void begin() {
        firstHasBegun = new CountDownLatch(1);
        firstMayEnd = new CountDownLatch(1);
        secondMayEnd = new CountDownLatch(1);
    }

    @AfterEach
    void end() throws InterruptedException {
        firstMayEnd.countDown();
        secondMayEnd.countDown();
        drivers.shutdownNow();
        assertThat(drivers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    private Future<TrainingResult> train(String run, CountingBody.Fault fault) throws Exception {
        RunConfig config = Runs.in(
                folder,
                "cluster.start_timeout_seconds=1",
                "cluster.timeout_seconds=60",
                "output.dir=" + folder.resolve(run));
        Path files = Files.createDirectory(folder.resolve(run + "-files"));
        return drivers.submit(
                () -> TrainJob.run(spark, config, new CountingBody(files.toString(), fault), record -> {}));
    }

    private static void assertWaits(Future<?> training) {
        assertThatThrownBy(() -> training.get(WAITED_SECONDS, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
    }

    private static void assertTrained(Future<TrainingResult> training) throws Exception {
        assertThat(training.get(30, TimeUnit.SECONDS).samples()).isEqualTo(CountingBody.TRAINED);
    }

    @Test
    void aTrainingWaitsForAnotherOneHoweverLongItLasts() throws Exception {
        Future<TrainingResult> first = train("first", (rank, step) -> {
            firstHasBegun.countDown();
            firstMayEnd.await();
        });
        firstHasBegun.await();
        Future<TrainingResult> second = train("second", (rank, step) -> secondMayEnd.await());
        assertWaits(second);
        Future<TrainingResult> third = train("third", (rank, step) -> {});

        firstMayEnd.countDown();

        assertTrained(first);
        assertWaits(third);
        secondMayEnd.countDown();
        assertTrained(second);
        assertTrained(third);
    }

    @Test
    void aTrainingWaitsForTasksOfAnotherJob() throws Exception {
        Future<Long> job = drivers.submit(() -> new JavaSparkContext(spark.sparkContext())
                .parallelize(List.of(1, 2), 2)
                .map(number -> {
                    firstHasBegun.countDown();
                    firstMayEnd.await();
                    return number;
                })
                .count());
        firstHasBegun.await();
        Future<TrainingResult> training = train("first", (rank, step) -> {});
        assertWaits(training);

        firstMayEnd.countDown();

        assertTrained(training);
        assertThat(job.get()).isEqualTo(2);
    }
}
