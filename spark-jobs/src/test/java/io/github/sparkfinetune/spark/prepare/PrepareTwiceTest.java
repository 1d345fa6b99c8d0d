package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.run.Lease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two runs that prepare one folder: a scheduler starts the second run while the first run's driver is alive. */
@Timeout(600)
class PrepareTwiceTest {
    private static final Configuration HADOOP = new Configuration();
    private static final String OTHER = "0123456789abcdef";

    @TempDir
    private Path folder;

    private SparkSession spark;
    private Path dataset;
    private Path mark;
    private RunConfig config;

    @BeforeEach
    void start() throws IOException {
        spark = PrepareFixture.spark(2);
        dataset = folder.resolve("dataset");
        mark = dataset.resolve("_PREPARING");
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(30));
        config = PrepareFixture.config(dataset, "train: " + mails);
    }

    @Test
    void refusesTheSecondRunWhileTheFirstRuns() throws Exception {
        Path many = PrepareFixture.write(folder.resolve("many.jsonl"), PrepareFixture.mails(30_000));
        RunConfig slow = PrepareFixture.config(dataset, "train: " + many);
        CompletableFuture<Manifest> first = CompletableFuture.supplyAsync(() -> PrepareJob.run(spark, slow));
        while (!Files.exists(mark) || Files.size(mark) == 0) {
            Thread.sleep(1);
        }
        RunException error = catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, slow));

        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error.getMessage())
                .contains(dataset + " is being written by run ")
                .contains("process " + ProcessHandle.current().pid() + " on ")
                .contains("since 20")
                .contains("whose lease ends at 20")
                .doesNotContain("\n");
        Manifest manifest = first.get();
        assertThat(PrepareFixture.samples(dataset, manifest, "train")).hasSize(27_000);
        assertThat(PrepareJob.run(spark, slow)).isEqualTo(manifest);
    }

    @Test
    @Tag("full")
    void takesOverALeaseAfterItsEndOrTheEndOfItsProcess() throws Exception {
        writeLease(Instant.now().plusSeconds(60), 1, "elsewhere");
        assertThat(catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, config)))
                .hasMessageContaining("written by run " + OTHER + " (process 1 on driver-3, since ");
        assertThat(Files.readString(mark)).contains(OTHER);

        writeLease(Instant.now().minusSeconds(1), 1, "elsewhere");
        Path left = Files.createDirectories(dataset.resolve("train")).resolve("part-00001-" + OTHER + "-7.parquet");
        Files.writeString(left, "half a file");
        assertPrepared();
        assertThat(left).doesNotExist();
        delete();

        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Files.createDirectories(dataset);
        Lease own = Lease.take(
                new org.apache.hadoop.fs.Path(dataset.toUri()).getFileSystem(HADOOP),
                new org.apache.hadoop.fs.Path(mark.toUri()),
                Lease.LENGTH,
                () -> {});
        String text = Files.readString(mark);
        Files.writeString(
                mark,
                text.replace("\"process\":" + ProcessHandle.current().pid(), "\"process\":" + ended.pid())
                        .replace(own.runId(), OTHER));
        assertPrepared();
    }

    @Test
    void keepsTheFilesOfTheRunThatTookOverTheLease() throws Exception {
        CountDownLatch lost = new CountDownLatch(1);
        DatasetFolder first = new DatasetFolder(new org.apache.hadoop.fs.Path(dataset.toUri()), HADOOP);
        String run = first.begin(Duration.ofMillis(600), lost::countDown);
        Path own = shard(run);
        Manifest manifest = Manifest.of(
                config.task(),
                List.of(),
                1,
                0,
                java.util.Map.of(),
                DatasetOptions.ofTexts(8, 1000, false, "cafe", 2, 42).withColumns("text", null, "label"));
        Thread.sleep(1000);
        assertThat(first.isLost()).as("the lease is renewed").isFalse();

        Path other = shard(OTHER);
        boolean isNotified = false;
        for (int renewal = 0; renewal < 100 && !isNotified; renewal++) {
            // The other run renews repeatedly, because a renewal of the first run that has begun may replace the file.
            writeLease(Instant.now().plusSeconds(60), 1, "elsewhere");
            isNotified = lost.await(100, TimeUnit.MILLISECONDS);
        }
        assertThat(isNotified).isTrue();
        assertThat(first.isLost()).isTrue();
        RunException error = catchThrowableOfType(RunException.class, () -> first.finish(manifest));
        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error).hasMessageContaining("was taken over by another run");
        first.abandon(true);

        assertThat(own).doesNotExist();
        assertThat(other).exists();
        assertThat(Files.readString(mark)).contains(OTHER);
        assertThat(dataset.resolve("manifest-1.json")).doesNotExist();
    }

    @Test
    void keepsTheMarkWhileTasksMayStillWrite() throws Exception {
        DatasetFolder first = new DatasetFolder(new org.apache.hadoop.fs.Path(dataset.toUri()), HADOOP);
        String run = first.begin(Lease.LENGTH, () -> {});
        first.abandon(false);
        Path late = shard(run);

        assertPrepared();
        assertThat(late).doesNotExist();
    }

    @Test
    void ignoresALateFileOfAnEarlierRun() throws Exception {
        Manifest manifest = assertPrepared();
        shard(OTHER);

        assertThat(PrepareJob.run(spark, config)).isEqualTo(manifest);
        assertThat(PrepareFixture.samples(dataset, manifest, "train")).hasSize(27);
    }

    private Manifest assertPrepared() throws IOException {
        Manifest manifest = PrepareJob.run(spark, config);
        assertThat(PrepareFixture.samples(dataset, manifest, "train")).hasSize(27);
        Set<String> named = manifest.splits().values().stream()
                .flatMap(split -> split.shards().stream())
                .map(DatasetSplit.Shard::file)
                .collect(Collectors.toSet());
        try (Stream<Path> all = Files.walk(dataset)) {
            assertThat(all.filter(file -> file.toString().endsWith(".parquet"))
                            .map(file -> dataset.relativize(file).toString()))
                    .hasSameElementsAs(named);
        }
        assertThat(mark).doesNotExist();
        return manifest;
    }

    private Path shard(String run) throws IOException {
        return Files.writeString(
                Files.createDirectories(dataset.resolve("train")).resolve("part-00000-" + run + "-7.parquet"), "late");
    }

    private void writeLease(Instant until, long process, String machine) throws IOException {
        Files.createDirectories(dataset);
        Files.writeString(
                mark,
                "{\"run_id\": \"" + OTHER + "\", \"process\": " + process + ", \"host\": \"driver-3\", \"machine\": \""
                        + machine + "\", \"since\": \"" + Instant.now() + "\", \"until\": \"" + until + "\"}");
        Files.setLastModifiedTime(mark, FileTime.from(until.minus(Lease.LENGTH)));
    }

    private void delete() throws IOException {
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(dataset.toUri());
        path.getFileSystem(HADOOP).delete(path, true);
    }
}
