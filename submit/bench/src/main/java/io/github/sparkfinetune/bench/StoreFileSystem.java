package io.github.sparkfinetune.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/**
 * This machine's files under {@code gs:} with the properties of an object store, for {@code submit/faults}. Nothing is
 * renamed. A file appears when its stream is closed, with all bytes written so far, and a stream cannot be aborted.
 *
 * <p>{@code fs.gs.rate} is the number of bytes that a stream reads in a second, for files that {@code fs.gs.slow}
 * matches. For each glob of {@code fs.gs.broken} the first file that is written fails midway with {@code fs.gs.error}:
 * {@code network} or {@code heap}. The folder {@code fs.gs.marks} has a file for each failure.
 */
public final class StoreFileSystem extends RawLocalFileSystem {
    @Override
    public URI getUri() {
        return URI.create("gs:///");
    }

    @Override
    public String getScheme() {
        return "gs";
    }

    @Override
    public boolean rename(Path from, Path to) {
        throw new UnsupportedOperationException("an object store has no rename");
    }

    private static boolean matches(String glob, Path file) {
        return FileSystems.getDefault()
                .getPathMatcher("glob:" + glob)
                .matches(java.nio.file.Path.of(file.toUri().getPath()));
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        java.nio.file.Path target = pathToFile(file).toPath();
        if (!overwrite && Files.exists(target)) {
            throw new IOException(file + " exists");
        }
        return new FSDataOutputStream(new Upload(target, breaks(file)), null);
    }

    private boolean breaks(Path file) throws IOException {
        String[] globs = getConf().getTrimmedStrings("fs.gs.broken");
        for (int i = 0; i < globs.length; i++) {
            java.nio.file.Path mark = java.nio.file.Path.of(getConf().get("fs.gs.marks"), Integer.toString(i));
            if (matches(globs[i], file) && !Files.exists(mark)) {
                Files.writeString(mark, file.toString());
                return true;
            }
        }
        return false;
    }

    private final class Upload extends OutputStream {
        private final java.nio.file.Path target;
        private final java.nio.file.Path given;
        private final OutputStream out;
        private final boolean breaks;
        private boolean closed;

        Upload(java.nio.file.Path target, boolean breaks) throws IOException {
            this.target = target;
            this.breaks = breaks;
            given = Files.createTempFile("upload", null);
            out = new BufferedOutputStream(Files.newOutputStream(given));
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, breaks ? length / 2 : length);
            if (!breaks) {
                return;
            }
            if (getConf().get("fs.gs.error", "network").equals("heap")) {
                throw new OutOfMemoryError("Java heap space");
            }
            throw new IOException("Connection reset");
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                out.close();
                Files.createDirectories(target.getParent());
                Files.move(given, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    @Override
    public FSDataInputStream open(Path file, int bufferSize) throws IOException {
        if (matches(getConf().get("fs.gs.slow", ""), file)) {
            try {
                TimeUnit.SECONDS.sleep(getConf().getInt("fs.gs.seconds", 0));
            } catch (InterruptedException e) {
                throw (IOException) new InterruptedIOException().initCause(e);
            }
        }
        return super.open(file, bufferSize);
    }
}
