package io.github.sparkfinetune.data.files;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A file on any Hadoop file system that is read while it grows. Flushed bytes can be read. An object store shows a file
 * only after it is closed, so there a flush rewrites the file, at most once in {@value #SECONDS_BETWEEN} seconds.
 */
public final class GrowingFile implements AutoCloseable {
    private static final long SECONDS_BETWEEN = 60;

    private final FileSystem files;
    private final Path path;
    /** The open file; on an object store, a buffer with the whole content. */
    private final OutputStream out;

    private long writtenAt = System.nanoTime();

    /** Starts a file, replacing an existing one. */
    public GrowingFile(FileSystem files, Path path) throws IOException {
        this.files = files;
        this.path = path;
        this.out = HadoopFiles.isObjectStore(files) ? new ByteArrayOutputStream() : files.create(path, true);
    }

    public void write(byte[] bytes) throws IOException {
        out.write(bytes);
    }

    /** Makes the written bytes visible to readers, where the file system can do so now. */
    public void flush() throws IOException {
        if (out instanceof FSDataOutputStream file) {
            file.hflush();
        } else if (System.nanoTime() - writtenAt >= TimeUnit.SECONDS.toNanos(SECONDS_BETWEEN)) {
            put();
        }
    }

    private void put() {
        HadoopFiles.writeWhole(files, path, ((ByteArrayOutputStream) out).toByteArray());
        writtenAt = System.nanoTime();
    }

    @Override
    public void close() throws IOException {
        if (out instanceof FSDataOutputStream file) {
            file.close();
        } else {
            put();
        }
    }
}
