package io.github.sparkfinetune.data.files;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Folder for a process's copies on this machine's disk: {@code finetune-USER} in a folder such as
 * {@code spark.local.dir}. Only this user may read it.
 *
 * <p>Each copy has a folder {@code NAME}, a file {@code NAME.lock} that is locked while the copy is used, and a file
 * {@code NAME.complete} once the copy is complete. The system releases the locks of a process however it ends. The next
 * process that opens the folder therefore recognises and deletes the copies of a killed process.
 */
public final class LocalDir {
    private static final String LOCK = ".lock";
    private static final String COMPLETE = ".complete";
    private static final String OWN = "own-";

    /**
     * Entries by the path of the lock file, because the system counts file locks per process and not per user of the
     * lock.
     */
    private static final Map<Path, Entry> ENTRIES = new ConcurrentHashMap<>();

    private final Path folder;

    private LocalDir(Path folder) {
        this.folder = folder;
    }

    /** Fills the folder of a copy. */
    @FunctionalInterface
    public interface Filler {
        void fill(Path folder) throws IOException;
    }

    /** A folder that exists until it is closed. */
    public static final class Held implements AutoCloseable {
        private final Path path;
        private Entry entry;

        private Held(Path path, Entry entry) {
            this.path = path;
            this.entry = entry;
        }

        /** Returns a folder that is not a copy, which closing keeps. */
        public static Held asItIs(Path path) {
            return new Held(path, null);
        }

        public Path path() {
            return path;
        }

        /** Deletes the copy, unless others use it. */
        @Override
        public void close() {
            if (entry != null) {
                entry.release();
                entry = null;
            }
        }
    }

    /**
     * Opens the folder, and deletes the copies of processes that have ended.
     *
     * @throws RunException if another user owns the folder
     */
    public static LocalDir in(Path dir) {
        Path folder = dir.resolve("finetune-" + System.getProperty("user.name")).toAbsolutePath();
        try {
            Files.createDirectories(dir);
            try {
                Files.createDirectory(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException e) {
                requireOwn(folder);
            }
            LocalDir opened = new LocalDir(folder);
            opened.sweep();
            return opened;
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static void requireOwn(Path folder) throws IOException {
        Path mine = Files.createTempFile(folder.getParent(), "owner-", null);
        try {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                    || !Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(mine))) {
                throw RunException.config(folder + " belongs to another user: set spark.local.dir to another folder");
            }
        } finally {
            Files.delete(mine);
        }
    }

    /** Returns an empty folder of one owner. */
    public Held own() {
        return hold(OWN + UUID.randomUUID(), empty -> {});
    }

    /**
     * Returns a copy that all processes of this machine share. The first process makes the copy, the others wait for
     * it.
     *
     * @param name name of the copy; letters and digits
     */
    public Held shared(String name, Filler filler) {
        return hold(name, filler);
    }

    private Held hold(String name, Filler filler) {
        Entry entry =
                ENTRIES.computeIfAbsent(folder.resolve(name + LOCK), lock -> new Entry(folder.resolve(name), lock));
        entry.acquire(filler);
        return new Held(entry.folder, entry);
    }

    private void sweep() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path lock :
                    files.filter(file -> file.toString().endsWith(LOCK)).toList()) {
                String name = lock.getFileName().toString();
                Path copy = folder.resolve(name.substring(0, name.length() - LOCK.length()));
                ENTRIES.computeIfAbsent(lock, path -> new Entry(copy, path)).deleteUnused();
            }
        }
    }

    /** A copy as this process uses it. */
    private static final class Entry {
        private final Path folder;
        private final Path lockFile;
        private final Path complete;
        private final ReentrantLock mine = new ReentrantLock();
        private int users;
        private FileChannel channel;
        private FileLock lock;

        Entry(Path folder, Path lockFile) {
            this.folder = folder;
            this.lockFile = lockFile;
            this.complete = folder.resolveSibling(folder.getFileName() + COMPLETE);
        }

        void acquire(Filler filler) {
            mine.lock();
            try {
                if (users == 0) {
                    open();
                    try {
                        lockWhole(filler);
                    } catch (IOException | RuntimeException e) {
                        channel.close();
                        throw e;
                    }
                }
                users++;
            } catch (IOException e) {
                throw new UncheckedIOException(folder + " cannot be used: " + e.getMessage(), e);
            } finally {
                mine.unlock();
            }
        }

        private void open() throws IOException {
            channel = FileChannel.open(
                    lockFile, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }

        /**
         * Takes the lock of a complete copy. Users share the lock; making or deleting the copy needs it exclusively.
         */
        private void lockWhole(Filler filler) throws IOException {
            lock = channel.lock(0, Long.MAX_VALUE, true);
            while (!Files.exists(complete)) {
                lock.release();
                FileLock alone = channel.lock();
                try {
                    if (!Files.exists(complete)) {
                        delete();
                        Files.createDirectory(folder);
                        filler.fill(folder);
                        Files.createFile(complete);
                    }
                } finally {
                    alone.release();
                }
                // Between the two locks another process may delete the unused copy.
                lock = channel.lock(0, Long.MAX_VALUE, true);
            }
        }

        void release() {
            mine.lock();
            try {
                users--;
                if (users == 0) {
                    lock.release();
                    deleteIfAlone();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(folder + " cannot be deleted: " + e.getMessage(), e);
            } finally {
                mine.unlock();
            }
        }

        /** Deletes the copy, unless a process uses or makes it now. */
        void deleteUnused() throws IOException {
            if (mine.tryLock()) {
                try {
                    if (users == 0) {
                        open();
                        deleteIfAlone();
                    }
                } finally {
                    mine.unlock();
                }
            }
        }

        private void deleteIfAlone() throws IOException {
            try (FileChannel closing = channel;
                    FileLock alone = closing.tryLock()) {
                if (alone != null) {
                    delete();
                    // The lock file of a shared copy stays, because another process may have opened it and may wait for
                    // the lock.
                    if (folder.getFileName().toString().startsWith(OWN)) {
                        Files.deleteIfExists(lockFile);
                        ENTRIES.remove(lockFile);
                    }
                }
            }
        }

        private void delete() throws IOException {
            Files.deleteIfExists(complete);
            HadoopFiles.deleteLocal(folder);
        }
    }
}
