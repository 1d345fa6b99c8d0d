package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.run.OutputFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two drivers that train into the same folder. */
@Timeout(600)
class TrainTwiceTest {
    private static final String OTHER = "00000000deadbeef";

    private static SparkSession spark;

    @TempDir
    Path folder;

    private final ScheduledExecutorService otherDriver = Executors.newSingleThreadScheduledExecutor();
    private Path mark;

    @BeforeAll
    static void open(@TempDir Path any) {
        spark = SparkSessions.open(Runs.in(any), "test", "local[2]", Map.of());
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    @BeforeEach
    void claim() {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        OutputFolder.claim(
                RunPaths.resolve(Runs.in(folder), spark.sparkContext().master(), hadoop), hadoop);
        mark = folder.resolve("run/_TRAINING");
    }

    @AfterEach
    void end() throws InterruptedException {
        otherDriver.shutdownNow();
        assertThat(otherDriver.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void refusesAFolderThatAnotherDriverTrainsInto() throws Exception {
        CountingBody body = new CountingBody(folder.toString(), (rank, step) -> {});
        write(Instant.now().plusSeconds(60));
        Future<?> renewals =
                otherDriver.scheduleWithFixedDelay(() -> write(Instant.now().plusSeconds(60)), 3, 3, TimeUnit.SECONDS);
        Instant start = Instant.now();

        RunException error = catchThrowableOfType(
                RunException.class, () -> TrainJob.run(spark, Runs.in(folder), body, record -> {}));

        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error)
                .hasMessageContaining("/run is being written by run " + OTHER + " (process 1 on driver-3, since ");
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(30));
        assertThat(body.starts()).isEmpty();
        assertThat(mark).content().contains(OTHER);
        assertThat(renewals).as("all renewals succeeded").isNotDone();
    }

    @Test
    @Tag("full")
    void waitsForTheEndOfTheLeaseOfADriverElsewhere() throws Exception {
        CountingBody first = new CountingBody(folder.toString(), (rank, step) -> {});
        write(Instant.now().plusSeconds(4));

        TrainingResult result = TrainJob.run(spark, Runs.in(folder), first, record -> {});

        assertThat(result.samples()).isEqualTo(CountingBody.TRAINED);
        assertThat(mark).doesNotExist();
    }

    @Test
    void releasesTheLeaseAfterAFailure() throws Exception {
        String path = mark.toString();
        CountingBody failing = new CountingBody(folder.toString(), (rank, step) -> {
            throw RunException.data("bad data; lease: " + Files.exists(Path.of(path)));
        });

        RunException error = catchThrowableOfType(
                RunException.class, () -> TrainJob.run(spark, Runs.in(folder), failing, record -> {}));

        assertThat(error).hasMessage("bad data; lease: true");
        assertThat(mark).doesNotExist();
    }

    private void write(Instant until) {
        Path whole = mark.resolveSibling(".mark");
        try {
            Files.writeString(
                    whole,
                    "{\"run_id\": \"" + OTHER + "\", \"process\": 1, \"host\": \"driver-3\", \"machine\":"
                            + " \"elsewhere\", \"since\": \"2026-11-26T06:20:01Z\", \"until\": \"" + until
                            + "\", \"seconds\": "
                            + Math.max(1, Duration.between(Instant.now(), until).toSeconds()) + "}");
            Files.move(whole, mark, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
