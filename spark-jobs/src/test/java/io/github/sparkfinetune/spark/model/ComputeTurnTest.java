package io.github.sparkfinetune.spark.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tasks of one JVM with four cores and with four GPUs that exist only for Spark. */
@Timeout(600)
class ComputeTurnTest {
    private static final int GPUS = 4;

    /** Static, because the tasks run in this JVM. */
    private static final AtomicInteger COMPUTING = new AtomicInteger();

    private static final AtomicInteger MOST = new AtomicInteger();
    private static CyclicBarrier allCompute;

    private RunConfig config;
    private SparkSession spark;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        Path script = Files.writeString(
                folder.resolve("gpus"),
                "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"0\",\"1\",\"2\",\"3\"]}'\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        config = Runs.in(folder);
        spark = SparkSessions.open(
                config,
                "test",
                "local[" + GPUS + "]",
                Map.of(
                        "spark.driver.resource.gpu.amount",
                        Integer.toString(GPUS),
                        "spark.driver.resource.gpu.discoveryScript",
                        script.toString()));
        allCompute = new CyclicBarrier(GPUS);
        COMPUTING.set(0);
        MOST.set(0);
    }

    @AfterEach
    void stop() {
        spark.stop();
    }

    private JavaSparkContext tasks() {
        return JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    private static List<Integer> numbers(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    @Test
    void computesOnAllGpusAtOnce() {
        Placement placement = Placement.ofWholeExecutor(spark.sparkContext(), config);

        tasks().parallelize(numbers(GPUS), GPUS).foreachPartition(numbers -> {
            TaskContext task = TaskContext.get();
            ComputeTurn.take(task, placement.gpu(task));
            // Ends only when all tasks compute.
            allCompute.await(30, TimeUnit.SECONDS);
        });

        assertThat(placement.threads(null)).isEqualTo(1);
    }

    @Test
    void computesOneTaskPerDeviceAtATime() {
        tasks().parallelize(numbers(12), 12).foreachPartition(numbers -> {
            TaskContext task = TaskContext.get();
            ComputeTurn.take(task, -1);
            // A task that has its turn may request it again.
            ComputeTurn.take(task, -1);
            MOST.accumulateAndGet(COMPUTING.incrementAndGet(), Math::max);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            COMPUTING.decrementAndGet();
        });

        assertThat(MOST.get()).isEqualTo(1);
    }
}
