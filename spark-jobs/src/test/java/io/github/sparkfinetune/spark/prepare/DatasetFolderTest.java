package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.run.Lease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that cannot even clean up leaves the folder to the next one, which the same process may start. */
class DatasetFolderTest {
    @TempDir
    private Path dir;

    private Path unreadable;
    private DatasetFolder folder;

    @BeforeEach
    void open() throws IOException {
        unreadable = dir.resolve("manifest-1.json");
        folder = folder();
    }

    private DatasetFolder folder() throws IOException {
        return new DatasetFolder(new org.apache.hadoop.fs.Path(dir.toUri()), new Configuration());
    }

    private static String begin(DatasetFolder folder) throws IOException {
        return folder.begin(Lease.LENGTH, () -> {});
    }

    private void theNextBegins() throws IOException {
        Files.delete(unreadable);
        assertThat(begin(folder())).isNotEmpty();
    }

    @Test
    void afterAFailedCleanUp() throws IOException {
        begin(folder);
        Files.writeString(unreadable, "{");
        assertThatThrownBy(() -> folder.abandon(true)).isInstanceOf(RunException.class);
        theNextBegins();
    }

    @Test
    void afterAFailedBegin() throws IOException {
        Files.writeString(unreadable, "{");
        assertThatThrownBy(() -> begin(folder)).isInstanceOf(RunException.class);
        theNextBegins();
    }

    @Test
    void afterAFailedSettlement() throws IOException {
        begin(folder);
        folder.abandon(false);
        Files.writeString(unreadable, "{");
        DatasetFolder finished = folder();
        assertThatThrownBy(finished::settle).isInstanceOf(RunException.class);
        theNextBegins();
    }
}
