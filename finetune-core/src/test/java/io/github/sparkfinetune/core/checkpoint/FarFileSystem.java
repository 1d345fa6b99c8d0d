package io.github.sparkfinetune.core.checkpoint;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** A fake remote file system with the scheme {@code far}. It has no rename, and can run full. */
public final class FarFileSystem extends RawLocalFileSystem {
    private static final String ROOM = "test.far.room";
    private static final String MILLIS = "test.far.millis";
    private static final String KEEPS = "test.far.keeps";
    private static final String READER = "test.far.reader";

    /** Bytes read, by reader and file. */
    private static final Map<String, AtomicLong> READ = new ConcurrentHashMap<>();

    /** Returns a configuration with the scheme. */
    public static Configuration configuration() {
        Configuration hadoop = new Configuration(false);
        hadoop.set("fs.far.impl", FarFileSystem.class.getName());
        hadoop.setBoolean("fs.far.impl.disable.cache", true);
        return hadoop;
    }

    /** Returns a configuration with the scheme and room for {@code bytes} in each file. */
    static Configuration full(int bytes) {
        Configuration hadoop = configuration();
        hadoop.setInt(ROOM, bytes);
        return hadoop;
    }

    /** Returns a configuration with the scheme where each write call takes {@code millis}. */
    static Configuration slow(int millis) {
        Configuration hadoop = configuration();
        hadoop.setInt(MILLIS, millis);
        return hadoop;
    }

    /** Returns a configuration with the scheme where nothing can be deleted. */
    static Configuration keeping() {
        Configuration hadoop = configuration();
        hadoop.setBoolean(KEEPS, true);
        return hadoop;
    }

    /** Returns a configuration with the scheme that counts the bytes read by a named reader. */
    public static Configuration counting(String reader) {
        Configuration hadoop = configuration();
        hadoop.set(READER, reader);
        return hadoop;
    }

    /** Returns the number of bytes that a reader has read of a file, and resets it. */
    public static long takeRead(String reader, String file) {
        AtomicLong read = READ.remove(reader + "/" + file);
        return read == null ? 0 : read.get();
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
    public boolean delete(Path path, boolean recursive) throws IOException {
        if (getConf().getBoolean(KEEPS, false)) {
            throw new IOException("access denied");
        }
        return super.delete(path, recursive);
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        FSDataOutputStream out = super.create(file, overwrite, bufferSize, replication, blockSize, progress);
        int room = getConf().getInt(ROOM, Integer.MAX_VALUE);
        return new FSDataOutputStream(new Limited(out, room, getConf().getInt(MILLIS, 0)), null);
    }

    @Override
    public FSDataInputStream open(Path file, int bufferSize) throws IOException {
        FSDataInputStream in = super.open(file, bufferSize);
        String reader = getConf().get(READER);
        return reader == null
                ? in
                : new FSDataInputStream(
                        new Counted(in, READ.computeIfAbsent(reader + "/" + file.getName(), name -> new AtomicLong())));
    }

    private static final class Counted extends FSInputStream {
        private final FSDataInputStream in;
        private final AtomicLong count;

        Counted(FSDataInputStream in, AtomicLong count) {
            this.in = in;
            this.count = count;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            int read = in.read(bytes, from, length);
            count.addAndGet(Math.max(0, read));
            return read;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public void seek(long position) throws IOException {
            in.seek(position);
        }

        @Override
        public long getPos() throws IOException {
            return in.getPos();
        }

        @Override
        public boolean seekToNewSource(long position) {
            return false;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    private static final class Limited extends FilterOutputStream {
        private final int millis;
        private int room;

        Limited(OutputStream out, int room, int millis) {
            super(out);
            this.room = room;
            this.millis = millis;
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                throw (IOException) new InterruptedIOException().initCause(e);
            }
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
