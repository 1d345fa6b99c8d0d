package io.github.sparkfinetune.data.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HadoopFilesTest {
    @Test
    void namesThePathOnAFullDisk() throws Exception {
        try (RawLocalFileSystem local = new RawLocalFileSystem()) {
            local.initialize(URI.create("file:///"), new Configuration(false));

            assertThatThrownBy(() -> HadoopFiles.write(local, new Path("/dev/full"), out -> out.write(new byte[10])))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("/dev/full cannot be written")
                    .hasMessageContaining("No space left on device");
        }
    }

    /** Cases: HDFS, and an older file system that Hadoop's newer interface does not know. */
    @ParameterizedTest
    @ValueSource(strings = {"file", "older"})
    void replacesAFileThatRenameDoesNotReplace(String scheme, @TempDir java.nio.file.Path folder) throws Exception {
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

    /** This machine's files behaving like a store, which publishes a stream's bytes when the stream is closed. */
    private static final class Store extends FilterFileSystem {
        private final String scheme;

        Store(String scheme) throws IOException {
            super(new RawLocalFileSystem());
            this.scheme = scheme;
            fs.initialize(URI.create("file:///"), new Configuration());
        }

        @Override
        public URI getUri() {
            return URI.create(scheme + "://bucket");
        }

        @Override
        protected void checkPath(Path path) {}

        @Override
        public FSDataOutputStream create(
                Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
                throws IOException {
            return new FSDataOutputStream(
                    new ByteArrayOutputStream() {
                        @Override
                        public void close() throws IOException {
                            Files.write(java.nio.file.Path.of(file.toUri().getPath()), toByteArray());
                        }
                    },
                    null);
        }
    }

    static Stream<Throwable> failures() {
        return Stream.of(
                new IOException("reset"),
                new IllegalStateException("bad row"),
                new OutOfMemoryError("Java heap space"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void publishesNothingOfContentThatFailsInAStoreWithoutAbort(Throwable failure, @TempDir java.nio.file.Path folder)
            throws Exception {
        Path file = new Path(folder.resolve("in-use.json").toString());
        for (String before : new String[] {null, "the one before"}) {
            Store store = new Store("gs");
            if (before != null) {
                HadoopFiles.writeWhole(store, file, before.getBytes(StandardCharsets.UTF_8));
            }

            assertThatThrownBy(() -> HadoopFiles.writeWhole(store, file, out -> {
                        out.write("half".getBytes(StandardCharsets.UTF_8));
                        fail(failure);
                    }))
                    .hasStackTraceContaining(failure.getMessage());

            assertThat(Files.exists(folder.resolve("in-use.json"))).isEqualTo(before != null);
            if (before != null) {
                assertThat(folder.resolve("in-use.json")).hasContent(before);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("failures")
    void leavesNothingOfContentThatFailsWhereFilesAreRenamed(Throwable failure, @TempDir java.nio.file.Path folder)
            throws Exception {
        Store store = new Store("older");

        assertThatThrownBy(() -> HadoopFiles.writeWhole(
                        store, new Path(folder.resolve("in-use.json").toString()), out -> {
                            out.write("half".getBytes(StandardCharsets.UTF_8));
                            fail(failure);
                        }))
                .hasStackTraceContaining(failure.getMessage());

        assertThat(folder).isEmptyDirectory();
    }

    private static void fail(Throwable failure) throws IOException {
        if (failure instanceof IOException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        throw (Error) failure;
    }
}
