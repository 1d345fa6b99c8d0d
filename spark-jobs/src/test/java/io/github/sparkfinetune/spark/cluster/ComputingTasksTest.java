package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.Runs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(600)
class ComputingTasksTest {
    private static final int TASKS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /**
     * Objects of the running test. Spark's tasks run in this JVM, but would get copies of objects that are not static.
     */
    private static ComputingTasks tasks;

    private static CountDownLatch computing;
    private static CountDownLatch finish;
    private static CountDownLatch stopped;

    private SparkSession spark;

    @BeforeEach
    void open(@TempDir Path folder) {
        stopped = new CountDownLatch(1);
        tasks = new ComputingTasks(PATIENCE, PATIENCE, stopped::countDown);
        computing = new CountDownLatch(TASKS);
        finish = new CountDownLatch(1);
        spark = SparkSessions.open(Runs.in(folder), "test", "local[" + TASKS + "]", Map.of());
    }

    @AfterEach
    void stop() {
        finish.countDown();
        spark.stop();
    }

    /** Duration of the computation of a row. */
    private enum Work {
        SHORT,
        LONG_UNTIL_STOPPED,
        WITHOUT_END
    }

    /** Endless rows. */
    private record Endless(Work work) implements Iterator<Integer> {
        @Override
        public boolean hasNext() {
            computing.countDown();
            try {
                switch (work) {
                    case SHORT -> {}
                    case LONG_UNTIL_STOPPED -> {
                        stopped.await();
                        throw new CancellationException("the process ends");
                    }
                    case WITHOUT_END -> finish.await();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return true;
        }

        @Override
        public Integer next() {
            return 1;
        }
    }

    private CompletableFuture<Long> compute(Work work) throws InterruptedException {
        CompletableFuture<Long> rows =
                CompletableFuture.supplyAsync(() -> JavaSparkContext.fromSparkContext(spark.sparkContext())
                        .parallelize(List.of(0, 1), TASKS)
                        .mapPartitions(numbers -> {
                            tasks.add(TaskContext.get());
                            return tasks.whileComputing(TaskContext.get(), new Endless(work));
                        })
                        .count());
        assertThat(computing.await(30, TimeUnit.SECONDS)).isTrue();
        return rows;
    }

    @ParameterizedTest
    @EnumSource(names = {"SHORT", "LONG_UNTIL_STOPPED"})
    void waitsForItsTasksBeforeTheProcessEnds(Work work) throws Exception {
        CompletableFuture<Long> rows = compute(work);

        assertThat(tasks.end()).isTrue();

        assertThat(rows)
                .as("a task that has stopped does not fail, because it would be repeated")
                .isNotDone();
    }

    @Test
    void stopsWaitingAfterAWhile() throws Exception {
        CompletableFuture<Long> rows = compute(Work.WITHOUT_END);

        assertThat(tasks.end()).isFalse();

        assertThat(rows).isNotDone();
    }

    @Test
    void doesNotWaitForAnEndedTask() {
        JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(List.of(0, 1), TASKS)
                .foreach(number -> tasks.add(TaskContext.get()));

        assertThat(tasks.end()).isTrue();
    }

    @Test
    void stopsAKilledTask() throws Exception {
        CompletableFuture<Long> rows = compute(Work.SHORT);

        spark.sparkContext().cancelAllJobs();

        assertThat(rows).failsWithin(Duration.ofSeconds(30));
        assertThat(tasks.end()).isTrue();
    }
}
