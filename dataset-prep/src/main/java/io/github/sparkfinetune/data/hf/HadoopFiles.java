package io.github.sparkfinetune.data.hf;

import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/** Whole files on Hadoop's file systems and on this machine. Failures carry the path and may be retried. */
public final class HadoopFiles {

    /** Writes a file's content. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** Most bytes of a file that is read whole: tokenizer files of 33 MB are in use. */
    static final int LARGEST_TEXT = 64 << 20;

    private HadoopFiles() {}

    /** The path's file system; a local one without the {@code .crc} files that no reader of a model folder wants. */
    public static FileSystem fileSystem(Path path, Configuration hadoop) {
        try {
            FileSystem fileSystem = path.getFileSystem(hadoop);
            return fileSystem instanceof LocalFileSystem local ? local.getRawFileSystem() : fileSystem;
        } catch (IOException e) {
            throw failed("can't be reached", path, e);
        }
    }

    /** Whether the path's file system is this machine's. */
    public static boolean isLocal(FileSystem fileSystem) {
        return "file".equals(fileSystem.getUri().getScheme());
    }

    public static java.nio.file.Path local(Path path) {
        return java.nio.file.Path.of(path.toUri().getPath());
    }

    /** Writes a file, replacing one that is there. @return its length */
    public static long write(FileSystem fileSystem, Path file, Content content) {
        try (FSDataOutputStream out = fileSystem.create(file, true)) {
            content.writeTo(out);
            return out.getPos();
        } catch (IOException e) {
            throw failed("can't be written", file, e);
        }
    }

    public static String readText(FileSystem fileSystem, Path file) throws IOException {
        try (FSDataInputStream in = fileSystem.open(file)) {
            return new String(readAll(in, file.toString()), StandardCharsets.UTF_8);
        }
    }

    /**
     * The content of a file that is read whole, such as a {@code config.json}.
     *
     * @throws RunException if it is too large to be one
     */
    public static byte[] readAll(InputStream in, String file) throws IOException {
        return readAll(in, file, LARGEST_TEXT);
    }

    /** The same with another limit. */
    public static byte[] readAll(InputStream in, String file, int most) throws IOException {
        byte[] bytes = in.readNBytes(most);
        if (bytes.length == most && in.read() >= 0) {
            throw RunException.data(file + " has more than " + (most >> 20) + " MiB: it is not what its name says");
        }
        return bytes;
    }

    public static void copyToLocal(FileSystem fileSystem, Path file, java.nio.file.Path target) {
        try (FSDataInputStream in = fileSystem.open(file)) {
            Files.copy(in, target);
        } catch (IOException e) {
            throw failed("can't be copied to " + target, file, e);
        }
    }

    public static void delete(FileSystem fileSystem, Path path) {
        try {
            fileSystem.delete(path, true);
        } catch (IOException e) {
            throw failed("can't be deleted", path, e);
        }
    }

    /**
     * Deletes a folder of this machine and what is in it.
     *
     * @throws UncheckedIOException where something stays
     */
    public static void deleteLocal(java.nio.file.Path folder) {
        if (Files.exists(folder) && !FileUtil.fullyDelete(folder.toFile())) {
            throw new UncheckedIOException(new IOException(folder + " can't be deleted"));
        }
    }

    public static UncheckedIOException failed(String what, Path path, IOException e) {
        return new UncheckedIOException(path + " " + what + ": " + e.getMessage(), e);
    }
}
