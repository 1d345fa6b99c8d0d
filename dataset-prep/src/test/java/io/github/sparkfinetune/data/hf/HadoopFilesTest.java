package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;

class HadoopFilesTest {
    @Test
    void aFullDiskFailsWithThePathAndTheReason() throws Exception {
        try (RawLocalFileSystem local = new RawLocalFileSystem()) {
            local.initialize(URI.create("file:///"), new Configuration(false));

            assertThatThrownBy(() -> HadoopFiles.write(local, new Path("/dev/full"), out -> out.write(new byte[10])))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("/dev/full can't be written")
                    .hasMessageContaining("No space left on device");
        }
    }
}
