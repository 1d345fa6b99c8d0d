package io.github.sparkfinetune.data.files;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.util.VersionInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whole files on Hadoop's file systems and on this machine. Exceptions name the path, and a failed operation may be
 * retried.
 *
 * <p>Object stores are recognised by their scheme. They have no rename; a rename there copies and deletes file by file.
 * An object appears when its writer has closed it, or not at all. A user may have the right to write objects and not
 * the right to delete them.
 */
public final class HadoopFiles {
    private static final Logger LOG = LoggerFactory.getLogger(HadoopFiles.class);

    /** Writes a file's content. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** Most bytes of a file that is read whole: tokenizer files of 33 MB are in use. */
    public static final int LARGEST_TEXT = 64 << 20;

    private static final Set<String> OBJECT_STORES =
            Set.of("s3a", "s3", "s3n", "gs", "oss", "cosn", "obs", "wasb", "wasbs");

    /** Exceptions that S3A throws for answers such as 503 after its own retries. */
    private static final Set<String> UNAVAILABLE = Set.of(
            "org.apache.hadoop.fs.s3a.AWSClientIOException",
            "org.apache.hadoop.fs.s3a.AWSServiceThrottledException",
            "org.apache.hadoop.fs.s3a.AWSStatus500Exception",
            "org.apache.hadoop.fs.s3a.AWSServiceIOException",
            "org.apache.http.NoHttpResponseException");

    private HadoopFiles() {}

    /**
     * Returns the file system of a path.
     *
     * @throws UnsupportedFileSystemException if there is none for its scheme; the message names the remedy
     */
    public static FileSystem open(Path path, Configuration hadoop) throws IOException {
        try {
            return path.getFileSystem(hadoop);
        } catch (UnsupportedFileSystemException e) {
            throw unsupported(path, e);
        } catch (RuntimeException e) {
            // Hadoop's configuration names classes of file systems that are not part of Hadoop.
            if (e.getCause() instanceof ClassNotFoundException) {
                throw unsupported(path, e);
            }
            throw e;
        }
    }

    private static UnsupportedFileSystemException unsupported(Path path, Exception cause) {
        String scheme = path.toUri().getScheme();
        String remedy = "s3a".equals(scheme)
                ? "start with --packages org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion()
                : "give Spark the jar of that file system";
        UnsupportedFileSystemException unsupported =
                new UnsupportedFileSystemException("no file system for " + scheme + ": is there; " + remedy);
        unsupported.initCause(cause);
        return unsupported;
    }

    /**
     * Returns whether an exception reports a network or server that does not answer now, so that a later retry may
     * succeed. Any other exception is about the request itself.
     */
    public static boolean isUnavailable(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketException
                    || cause instanceof InterruptedIOException
                    || UNAVAILABLE.contains(cause.getClass().getName())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns the file system of a path. A local one writes no {@code .crc} files, which readers of a model folder do
     * not need.
     */
    public static FileSystem fileSystem(Path path, Configuration hadoop) {
        try {
            FileSystem fileSystem = open(path, hadoop);
            return fileSystem instanceof LocalFileSystem local ? local.getRawFileSystem() : fileSystem;
        } catch (IOException e) {
            throw failed("cannot be reached", path, e);
        }
    }

    /** Returns whether a file system is this machine's. */
    public static boolean isLocal(FileSystem fileSystem) {
        return "file".equals(fileSystem.getUri().getScheme());
    }

    /** Returns whether a file system is an object store. */
    public static boolean isObjectStore(FileSystem fileSystem) {
        return OBJECT_STORES.contains(fileSystem.getUri().getScheme());
    }

    public static java.nio.file.Path local(Path path) {
        return java.nio.file.Path.of(path.toUri().getPath());
    }

    /**
     * Writes a file, replacing an existing one. If writing the content fails, nothing appears on an object store.
     *
     * @return length of the file
     */
    public static long write(FileSystem fileSystem, Path file, Content content) {
        return new FileWrite(fileSystem, file).write(content);
    }

    /**
     * Writes a file that readers never see in part: the old file, or none, exists until the new one is complete.
     *
     * @return length of the file
     */
    public static long writeWhole(FileSystem fileSystem, Path file, Content content) {
        return new FileWrite(fileSystem, file).writeWhole(content);
    }

    /** Writes bytes as {@link #writeWhole(FileSystem, Path, Content)} does. */
    public static void writeWhole(FileSystem fileSystem, Path file, byte[] bytes) {
        writeWhole(fileSystem, file, out -> out.write(bytes));
    }

    /**
     * Creates a file if none exists. Of several concurrent callers, in any process and on any machine, one succeeds,
     * except on object stores. The others may see the file without its content for a moment.
     *
     * @return true if the file was created
     */
    public static boolean createNew(FileSystem fileSystem, Path file, byte[] bytes) throws IOException {
        try {
            if (isLocal(fileSystem)) {
                // Hadoop's own local file system checks first and creates afterwards, which is a race.
                Files.write(local(file), bytes, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                return true;
            }
            try (FSDataOutputStream out = fileSystem.create(file, false)) {
                out.write(bytes);
            }
            return true;
        } catch (IOException e) {
            // HDFS throws another exception for a file that is being written.
            if (fileSystem.exists(file)) {
                return false;
            }
            // Hadoop's local file system throws this type if it cannot create a file.
            throw e instanceof FileSystemException
                    ? (FileNotFoundException) new FileNotFoundException(e.toString()).initCause(e)
                    : e;
        }
    }

    /**
     * Creates a file that readers never see in part, if none exists. Of several concurrent callers one succeeds, except
     * on object stores without a conditional write (S3A before Hadoop 3.4.2): there callers need a lease.
     *
     * @return true if the file was created
     */
    public static boolean createWhole(FileSystem fileSystem, Path file, byte[] bytes) throws IOException {
        try {
            return new FileWrite(fileSystem, file).createWhole(bytes);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    public static String readText(FileSystem fileSystem, Path file) throws IOException {
        try (FSDataInputStream in = fileSystem.open(file)) {
            return new String(readAll(in, file.toString()), StandardCharsets.UTF_8);
        }
    }

    /**
     * Returns the content of a file that is read whole, such as a {@code config.json}.
     *
     * @throws RunException if the file is too large to be such a file
     */
    public static byte[] readAll(InputStream in, String file) throws IOException {
        return readAll(in, file, LARGEST_TEXT);
    }

    /** Returns the content of a file of at most so many bytes. */
    public static byte[] readAll(InputStream in, String file, int most) throws IOException {
        byte[] bytes = in.readNBytes(most);
        if (bytes.length == most && in.read() >= 0) {
            throw RunException.data(file + " has more than " + (most >> 20) + " MiB: is this the right file?");
        }
        return bytes;
    }

    public static void copyToLocal(FileSystem fileSystem, Path file, java.nio.file.Path target) {
        copyToLocal(fileSystem, file, target, () -> {});
    }

    /**
     * Copies a file to this machine.
     *
     * @param progressed as in {@link RangedRead#read}
     */
    public static void copyToLocal(FileSystem fileSystem, Path file, java.nio.file.Path target, Runnable progressed) {
        try {
            new RangedRead(fileSystem, file).copy(target, progressed);
        } catch (IOException e) {
            throw failed("cannot be copied to " + target, file, e);
        }
    }

    public static void delete(FileSystem fileSystem, Path path) {
        try {
            fileSystem.delete(path, true);
        } catch (IOException e) {
            throw failed("cannot be deleted", path, e);
        }
    }

    /** Deletes a file or folder that does no harm if it stays; a failure is only logged as a warning. */
    public static void discard(FileSystem fileSystem, Path path) {
        try {
            fileSystem.delete(path, true);
        } catch (IOException e) {
            LOG.warn("{} stays: it cannot be deleted ({})", path, e.getMessage());
        }
    }

    /**
     * Deletes a folder of this machine with all its files.
     *
     * @throws UncheckedIOException if a file cannot be deleted
     */
    public static void deleteLocal(java.nio.file.Path folder) {
        if (Files.exists(folder) && !FileUtil.fullyDelete(folder.toFile())) {
            throw new UncheckedIOException(new IOException(folder + " cannot be deleted"));
        }
    }

    /**
     * Returns the cause of a failure of this machine's file system, such as a full disk, which Hadoop throws as an
     * error.
     */
    public static IOException failure(FSError error) {
        return error.getCause() instanceof IOException cause ? cause : new IOException(error);
    }

    public static UncheckedIOException failed(String what, Path path, IOException e) {
        return new UncheckedIOException(path + " " + what + ": " + e.getMessage(), e);
    }
}
