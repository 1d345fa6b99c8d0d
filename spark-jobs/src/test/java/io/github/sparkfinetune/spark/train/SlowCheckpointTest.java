package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoint that takes longer to read than ranks wait for each other at Spark's barriers. */
@Timeout(600)
class SlowCheckpointTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final Duration BARRIER = Duration.ofSeconds(5);

    @TempDir
    Path folder;

    @Test
    @Tag("full")
    void resumesFromASlowCheckpointAtTheFirstAttempt() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        RunConfig config = Runs.in(
                folder,
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.dir=" + folder.resolve("dataset"),
                "data.max_length=32",
                "training.max_steps=3",
                "cluster.shard=optimizer",
                "output.dir=slow:" + folder.resolve("run"));
        Map<String, String> settings = new HashMap<>(SlowFileSystem.settings());
        settings.put("spark.barrier.sync.timeout", BARRIER.toSeconds() + "s");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", settings)) {
            PrepareJob.run(spark, config);
            TrainingResult trained = TrainJob.run(spark, config, record -> {});

            long rate = checkpointBytes() / (2 * BARRIER.toSeconds());
            spark.sparkContext().hadoopConfiguration().setLong(SlowFileSystem.RATE, rate);
            List<TrainingRecord> records = Collections.synchronizedList(new ArrayList<>());
            AttemptCounter attempts = new AttemptCounter();
            spark.sparkContext().addSparkListener(attempts);
            long began = System.nanoTime();

            TrainingResult resumed = TrainJob.run(spark, config, records::add);

            assertThat(resumed.eval()).isEqualTo(trained.eval());
            assertThat(resumed.ranks()).isEqualTo(trained.ranks());

            assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(BARRIER);
            assertThat(records).extracting(TrainingRecord::step).startsWith(1L, 2L, 3L);
            assertThat(attempts.most()).isEqualTo(1);
        }
    }

    /** Returns the bytes of the only checkpoint. */
    private long checkpointBytes() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("run/checkpoints"))) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(SlowCheckpointTest::size)
                    .sum();
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
