package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of files in the form of Hudi 1.0.2 and 0.15. */
class HudiTimelineTest {
    @TempDir
    private Path table;

    private void write(String folder, String... names) throws IOException {
        Path timeline = Files.createDirectories(table.resolve(folder));
        for (String name : names) {
            Files.createFile(timeline.resolve(name));
        }
    }

    private Optional<String> newest() throws IOException {
        return HudiTimeline.newest(new org.apache.hadoop.fs.Path(table.toUri()), new Configuration());
    }

    @Test
    void returnsTheCommitThatWasCompletedLast() throws IOException {
        write(
                ".hoodie/timeline",
                "20261128223414169.commit.requested",
                "20261128223414169.inflight",
                "20261128223414169_20261128223509399.commit",
                ".20261128223414169_20261128223509399.commit.crc",
                "20261128223500195_20261128223507239.deltacommit",
                // Commits in progress, and an action that changes no rows.
                "20261128223600000.deltacommit.requested",
                "20261128223600000.deltacommit.inflight",
                "20261128223700000_20261128223700001.clean",
                "history");

        assertThat(newest()).contains("20261128223509399");
    }

    @Test
    void readsTheTimelineOfAnEarlierVersion() throws IOException {
        write(
                ".hoodie",
                "hoodie.properties",
                "20240101120000000.commit",
                "20240102120000000.replacecommit",
                "20240103120000000.commit.requested",
                "20240103120000000.inflight");

        assertThat(newest()).contains("20240102120000000");
    }

    @Test
    void returnsNothingForAFolderWithoutCommits() throws IOException {
        assertThat(newest()).isEmpty();
        write(".hoodie", "hoodie.properties");
        assertThat(newest()).isEmpty();
    }
}
