package io.github.sparkfinetune.cli;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * This machine's files, of which one write can end the process. The scheme decides the kind of file system. {@code gs:}
 * is an object store without renames; it publishes a stream's bytes when the stream is closed, and a write cannot be
 * aborted. {@code disk:} is a file system whose files are visible while they are written.
 *
 * <p>Counts every write, deletion, rename and creation of a folder, for this JVM.
 */
public final class KillableStore extends RawLocalFileSystem {
    /** Scheme of the object store. */
    static final String STORE = "gs";
    /** Scheme of the file system. */
    static final String DISK = "disk";

    /** Failure of a write. */
    enum Fault {
        /** The connection fails before a file is begun. */
        REFUSED,
        /** The connection fails within a file. */
        BROKEN,
        /** The heap is full within a file. */
        HEAP,
        /** The file is complete, but its writer gets no answer. */
        UNANSWERED,
        /** The process ends before a file is begun. */
        KILLED_BEFORE,
        /** The process ends within a file. */
        KILLED_WITHIN;

        boolean ends() {
            return this == KILLED_BEFORE || this == KILLED_WITHIN;
        }

        private boolean isBefore() {
            return this == REFUSED || this == KILLED_BEFORE;
        }

        private boolean isWithin() {
            return this == BROKEN || this == HEAP || this == KILLED_WITHIN;
        }
    }

    private static final AtomicInteger WRITES = new AtomicInteger();
    private static volatile int faulty;
    private static volatile Fault fault;
    private static volatile boolean dead;

    private URI uri;

    /** Starts a process in which a write fails. */
    static void begin(int write, Fault with) {
        faulty = write;
        fault = with;
        dead = false;
        WRITES.set(0);
    }

    /** Starts a process without faults. */
    static void begin() {
        begin(-1, Fault.REFUSED);
    }

    /** Returns the number of writes of the process. */
    static int writes() {
        return WRITES.get();
    }

    @Override
    public void initialize(URI name, Configuration hadoop) throws IOException {
        super.initialize(name, hadoop);
        uri = URI.create(name.getScheme() + "://bucket");
    }

    @Override
    public URI getUri() {
        // The superclass's constructor already calls this method.
        return uri == null ? super.getUri() : uri;
    }

    @Override
    public String getScheme() {
        return getUri().getScheme();
    }

    @Override
    protected void checkPath(Path path) {}

    @Override
    public File pathToFile(Path path) {
        return new File(path.toUri().getPath());
    }

    private boolean isStore() {
        return uri.getScheme().equals(STORE);
    }

    /** Fails if the process is dead. */
    private static void live() throws IOException {
        if (dead) {
            throw new IOException("the process was killed");
        }
    }

    private static void fail() throws IOException {
        dead = fault.ends();
        if (fault == Fault.HEAP) {
            throw new IOError(new IOException("Java heap space"));
        }
        throw new IOException(fault.ends() ? "the process was killed" : "Connection reset");
    }

    /** Counts a write and returns whether the write is the faulty one. */
    private static boolean next() throws IOException {
        live();
        boolean fails = WRITES.incrementAndGet() == faulty;
        if (fails && fault.isBefore()) {
            fail();
        }
        return fails;
    }

    private interface Change {
        boolean make() throws IOException;
    }

    private static boolean change(Change change) throws IOException {
        boolean fails = next();
        if (fails && fault.isWithin()) {
            fail();
        }
        boolean changed = change.make();
        if (fails) {
            fail();
        }
        return changed;
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        boolean fails = next();
        File target = pathToFile(file);
        if (!overwrite && target.exists()) {
            throw new IOException(file + " exists");
        }
        return new FSDataOutputStream(isStore() ? new Published(target, fails) : new Seen(target, fails), null);
    }

    @Override
    public FSDataOutputStream create(
            Path file,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        return create(file, overwrite, bufferSize, replication, blockSize, progress);
    }

    @Override
    public FSDataInputStream open(Path file, int bufferSize) throws IOException {
        live();
        return super.open(file, bufferSize);
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        live();
        return super.listStatus(path);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        return pathToFile(path).exists() && change(() -> super.delete(path, recursive));
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        return pathToFile(path).isDirectory() || change(() -> super.mkdirs(path));
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        if (isStore()) {
            throw new UnsupportedOperationException("an object store has no rename");
        }
        return change(() -> super.rename(from, to));
    }

    /** A stream in which one write may fail after a part of its bytes. */
    private abstract static class Stream extends OutputStream {
        private final boolean fails;
        private boolean closed;

        Stream(boolean fails) {
            this.fails = fails;
        }

        abstract void take(byte[] bytes, int from, int length) throws IOException;

        abstract void end() throws IOException;

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            live();
            if (fails && fault.isWithin()) {
                take(bytes, from, length / 2);
                fail();
            }
            take(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            if (closed) {
                return;
            }
            closed = true;
            live();
            end();
            if (fails && !fault.isBefore()) {
                fail();
            }
        }
    }

    private static OutputStream opened(File file) throws IOException {
        Files.createDirectories(file.getParentFile().toPath());
        return new FileOutputStream(file);
    }

    private static final class Published extends Stream {
        private final ByteArrayOutputStream given = new ByteArrayOutputStream();
        private final File target;

        Published(File target, boolean fails) {
            super(fails);
            this.target = target;
        }

        @Override
        void take(byte[] bytes, int from, int length) {
            given.write(bytes, from, length);
        }

        @Override
        void end() throws IOException {
            try (OutputStream out = opened(target)) {
                given.writeTo(out);
            }
        }
    }

    private static final class Seen extends Stream {
        private final OutputStream out;

        Seen(File target, boolean fails) throws IOException {
            super(fails);
            out = opened(target);
        }

        @Override
        void take(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        void end() throws IOException {
            out.close();
        }
    }
}
