package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.cluster.JobGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A scheduler may repeat a run that a failing file system or a lost cluster has ended. The rests of the ended run do
 * not obstruct the next run.
 */
@Timeout(600)
class PrepareFaultsTest {
    @TempDir
    private Path folder;

    private SparkSession spark;
    private Configuration hadoop;
    private Path mails;

    @BeforeEach
    void start() throws IOException {
        spark = PrepareFixture.spark(2);
        hadoop = FaultyFileSystem.in(spark.sparkContext().hadoopConfiguration());
        mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(300));
    }

    @AfterEach
    void removeFaults() {
        hadoop.unset(FaultyFileSystem.FULL);
        hadoop.unset(FaultyFileSystem.BUSY);
        hadoop.unset(FaultyFileSystem.UNANSWERED);
    }

    private RunConfig config(Path train) {
        return PrepareFixture.config(Path.of("faulty:" + folder, "dataset"), "train: faulty:" + train);
    }

    private RunException failure(Path train) {
        return catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, config(train)));
    }

    @Test
    void leavesNothingOnAFullDiskAndSucceedsAgain() {
        hadoop.set(FaultyFileSystem.FULL, "part-00001-");

        RunException error = failure(mails);

        assertThat(error).hasMessageContaining("No space left on device").hasMessageContaining("start it again");
        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(folder.resolve("dataset")).doesNotExist();

        hadoop.unset(FaultyFileSystem.FULL);
        assertThat(PrepareJob.run(spark, config(mails)).split(Manifest.TRAIN).rows())
                .isEqualTo(270);
    }

    @Test
    void allowsARetryIfTheManifestCannotBeWritten() {
        hadoop.set(FaultyFileSystem.FULL, "manifest-");

        assertThat(failure(mails).exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(folder.resolve("dataset")).doesNotExist();
    }

    /** The connection may fail after the manifest exists, which makes its shards a dataset. */
    @Test
    void keepsTheShardsOfAManifestWhoseWriteReportedAFailure() throws IOException {
        hadoop.set(FaultyFileSystem.UNANSWERED, "manifest-");

        assertThat(failure(mails).exitCode()).isEqualTo(ExitCode.FAILED);

        hadoop.unset(FaultyFileSystem.UNANSWERED);
        requireWhole(PrepareJob.run(spark, config(mails)));
    }

    @Test
    void removesTheRestsOfARunThatEndedAfterItsManifest() throws IOException {
        Manifest manifest = PrepareJob.run(spark, config(mails));
        Path dataset = folder.resolve("dataset");
        Path shard =
                dataset.resolve(manifest.split(Manifest.TRAIN).shards().get(0).file());
        Path unnamed = shard.resolveSibling("part-00000-0123456789abcdef-7.parquet");
        Files.copy(shard, unnamed);
        Files.writeString(dataset.resolve("_PREPARING"), """
                {"run_id": "0123456789abcdef", "process": 1, "host": "other", "machine": "",
                 "since": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:01:00Z"}
                """);
        Files.setLastModifiedTime(dataset.resolve("_PREPARING"), FileTime.fromMillis(0));

        requireWhole(PrepareJob.run(spark, config(mails)));
        assertThat(unnamed).doesNotExist();
    }

    private void requireWhole(Manifest manifest) {
        Path dataset = folder.resolve("dataset");
        assertThat(manifest.split(Manifest.TRAIN).shards())
                .isNotEmpty()
                .allSatisfy(shard -> assertThat(dataset.resolve(shard.file())).hasSize(shard.bytes()));
        assertThat(dataset.resolve("_PREPARING")).doesNotExist();
    }

    @Test
    void allowsARetryForAnUnavailableSourceButNotForABrokenOne() throws IOException {
        hadoop.set(FaultyFileSystem.BUSY, "mails.jsonl");
        RunException busy = failure(mails);
        assertThat(busy).hasMessageContaining("503 Slow Down");
        assertThat(busy.exitCode()).isEqualTo(ExitCode.FAILED);

        hadoop.unset(FaultyFileSystem.BUSY);
        Path broken = PrepareFixture.write(folder.resolve("broken.jsonl.gz"), List.of("no gzip at all"));
        assertThat(failure(broken).exitCode()).isEqualTo(ExitCode.DATA);
    }

    @Test
    void waitsForTheTasksOfCancelledJobs() throws Exception {
        Path started = folder.resolve("started");
        Path ended = folder.resolve("ended");
        String start = started.toString();
        String end = ended.toString();
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        CompletableFuture<JobGroup> group = new CompletableFuture<>();
        Thread job = new Thread(() -> {
            try (JobGroup jobs = new JobGroup(spark.sparkContext(), "test", "test")) {
                group.complete(jobs);
                context.parallelize(List.of(1), 1).foreach(any -> {
                    Files.writeString(Path.of(start), "");
                    try {
                        Thread.sleep(60_000);
                    } catch (InterruptedException e) {
                        // A task that ends slowly.
                        Thread.sleep(1500);
                        Files.writeString(Path.of(end), "");
                    }
                });
            }
        });
        job.setUncaughtExceptionHandler((thread, cancelled) -> {});
        job.start();
        while (!Files.exists(started)) {
            Thread.sleep(10);
        }

        group.get().cancel();

        assertThat(group.get().awaitTasks(Duration.ofMillis(300))).isFalse();
        assertThat(ended).doesNotExist();
        assertThat(group.get().awaitTasks(Duration.ofSeconds(20))).isTrue();
        assertThat(ended).exists();
        job.join();
    }
}
