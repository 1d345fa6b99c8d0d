package io.github.sparkfinetune.core.checkpoint;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** Stands for a file system that is not this machine's: scheme {@code far}, no rename, and it can run full. */
public final class FarFileSystem extends RawLocalFileSystem {
    private static final String ROOM = "test.far.room";

    /** A configuration that knows the scheme. */
    public static Configuration configuration() {
        Configuration hadoop = new Configuration(false);
        hadoop.set("fs.far.impl", FarFileSystem.class.getName());
        hadoop.setBoolean("fs.far.impl.disable.cache", true);
        return hadoop;
    }

    /** The same, with room for so many bytes in each file. */
    static Configuration full(int bytes) {
        Configuration hadoop = configuration();
        hadoop.setInt(ROOM, bytes);
        return hadoop;
    }

    public static Path path(java.nio.file.Path local) {
        return new Path("far://" + local);
    }

    @Override
    public URI getUri() {
        return URI.create("far:///");
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        throw new IOException("rename is not to be relied upon");
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        FSDataOutputStream out = super.create(file, overwrite, bufferSize, replication, blockSize, progress);
        int room = getConf().getInt(ROOM, Integer.MAX_VALUE);
        return new FSDataOutputStream(new Limited(out, room), null);
    }

    private static final class Limited extends FilterOutputStream {
        private int room;

        Limited(OutputStream out, int room) {
            super(out);
            this.room = room;
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            int fits = Math.min(room, length);
            out.write(bytes, from, fits);
            room -= fits;
            if (fits < length) {
                throw new IOException("no space left");
            }
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }
    }
}
