package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** As HDFS; and an older file system, of which Hadoop's newer interface knows nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"file", "older"})
    void aFileIsReplacedWhereRenameAloneRefuses(String scheme, @TempDir java.nio.file.Path folder) throws Exception {
        List<String> deleted = new ArrayList<>();
        RawLocalFileSystem local = new RawLocalFileSystem();
        local.initialize(URI.create("file:///"), new Configuration());
        FileSystem refusing = new FilterFileSystem(local) {
            @Override
            public URI getUri() {
                return URI.create(scheme + ":///");
            }

            @Override
            public boolean rename(Path from, Path to) throws IOException {
                return !exists(to) && super.rename(from, to);
            }

            @Override
            public boolean delete(Path path, boolean recursive) throws IOException {
                deleted.add(path.getName());
                return super.delete(path, recursive);
            }

            @Override
            protected void checkPath(Path path) {}
        };
        Path file = new Path(folder.resolve("in-use.json").toString());

        HadoopFiles.writeWhole(refusing, file, "one".getBytes(StandardCharsets.UTF_8));
        HadoopFiles.writeWhole(refusing, file, "two".getBytes(StandardCharsets.UTF_8));

        assertThat(folder.resolve("in-use.json")).hasContent("two");
        assertThat(folder).isDirectoryContaining("glob:**in-use.json").isDirectoryNotContaining("glob:**/.in-use*");
        assertThat(deleted).as("no moment without the file").hasSize(scheme.equals("file") ? 0 : 1);
    }
}
