package io.github.sparkfinetune.spark.folder;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MetricsLogTest {
    @TempDir
    private Path dir;

    private static TrainingRecord record(long step) {
        return new TrainingRecord(step, 4, 0.5, 1.0 / step, 1e-3, 1.0, 1.0, 1.0, null, null, null);
    }

    @Test
    void keepsTheRecordsWhileTheFileSystemFails() throws Exception {
        RunFolder folder = RunFolder.of(dir.toString(), new Configuration());
        BlockingQueue<String> warnings = new LinkedBlockingQueue<>();
        // A folder of this name makes every write fail.
        Path file = dir.resolve("metrics.jsonl");
        try (MetricsLog log = MetricsLog.open(folder, warnings::add, Duration.ofMillis(20))) {
            Files.createDirectory(file);
            log.add(record(1));
            assertThat(warnings.poll(30, TimeUnit.SECONDS))
                    .contains("metrics.jsonl cannot be written now, the run continues: ");
            log.add(record(2));
            Files.delete(file);
            log.add(record(3));
        }

        assertThat(MetricsLog.read(folder)).extracting(TrainingRecord::step).containsExactly(1L, 2L, 3L);
        assertThat(warnings).as("one warning").isEmpty();
    }

    @Test
    void dropsTheRecordsThatAResumedRunRepeats() throws Exception {
        RunFolder folder = RunFolder.of(dir.toString(), new Configuration());
        try (MetricsLog log = MetricsLog.open(folder, warning -> {})) {
            log.add(record(1));
            log.add(record(2));
            log.add(record(3));
        }
        try (MetricsLog log = MetricsLog.open(folder, warning -> {})) {
            log.add(record(3));
            log.add(record(4));
        }
        try (MetricsLog log = MetricsLog.open(folder, warning -> {})) {
            assertThat(log).as("no new record").isNotNull();
        }

        assertThat(MetricsLog.read(folder)).extracting(TrainingRecord::step).containsExactly(1L, 2L, 3L, 4L);
    }
}
