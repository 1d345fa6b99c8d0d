package io.github.sparkfinetune.data.files;

import io.github.sparkfinetune.data.files.HadoopFiles.Content;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/**
 * Writing of one file that replaces an existing one.
 *
 * @param fileSystem file system of the file
 * @param file the file
 */
record FileWrite(FileSystem fileSystem, Path file) {
    /** Option of Hadoop 3.4.2 and later by which S3 creates an object only if none exists (If-None-Match). */
    private static final String CONDITIONAL_CREATE = "fs.option.create.conditional.overwrite";

    /** Writes the content in place; see {@link HadoopFiles#write}. */
    long write(Content content) {
        try {
            FSDataOutputStream out = fileSystem.create(file, true);
            try {
                content.writeTo(out);
                long length = out.getPos();
                out.close();
                return length;
            } catch (Throwable e) {
                giveUp(out, e);
                throw e;
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be written", file, e);
        } catch (FSError e) {
            throw HadoopFiles.failed("cannot be written", file, HadoopFiles.failure(e));
        }
    }

    /**
     * Ends a stream whose content has failed. Closing the stream of an object publishes what was written. A stream that
     * cannot be aborted therefore stays open, and the store drops it when the process ends.
     */
    private void giveUp(FSDataOutputStream out, Throwable failure) {
        boolean aborts = out.hasCapability(StreamCapabilities.ABORTABLE_STREAM);
        try {
            if (aborts) {
                out.abort();
            }
            if (aborts || !HadoopFiles.isObjectStore(fileSystem)) {
                out.close();
            }
        } catch (IOException | RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Writes the content beside the file and puts it in place when it is complete. */
    long writeWhole(Content content) {
        if (HadoopFiles.isObjectStore(fileSystem)) {
            return write(content);
        }
        Path unfinished = new Path(file.getParent(), "." + file.getName() + "." + UUID.randomUUID());
        try {
            long length = new FileWrite(fileSystem, unfinished).write(content);
            replaceBy(unfinished);
            return length;
        } catch (Throwable e) {
            HadoopFiles.discard(fileSystem, unfinished);
            throw e;
        }
    }

    /**
     * Writes bytes beside the file and puts them in place if no file exists; see {@link HadoopFiles#createWhole}.
     *
     * @return whether the file was created
     */
    boolean createWhole(byte[] bytes) throws IOException {
        if (HadoopFiles.isObjectStore(fileSystem)) {
            return createObject(bytes);
        }
        Path unfinished = new Path(file.getParent(), "." + file.getName() + "." + UUID.randomUUID());
        try {
            new FileWrite(fileSystem, unfinished).write(out -> out.write(bytes));
            return HadoopFiles.isLocal(fileSystem) ? isLinked(unfinished) : fileSystem.rename(unfinished, file);
        } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
            return false;
        } finally {
            HadoopFiles.discard(fileSystem, unfinished);
        }
    }

    /** A rename on this machine replaces an existing file; a hard link does not. */
    private boolean isLinked(Path unfinished) throws IOException {
        try {
            Files.createLink(HadoopFiles.local(file), HadoopFiles.local(unfinished));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (FileSystemException | UnsupportedOperationException e) {
            // For example a mounted store without hard links: the check and the rename are two steps.
            return !fileSystem.exists(file) && fileSystem.rename(unfinished, file);
        }
    }

    private boolean createObject(byte[] bytes) throws IOException {
        // Stores that do not know the option ignore it; the check for a file is then not part of the write.
        FSDataOutputStreamBuilder<?, ?> builder = fileSystem.createFile(file).overwrite(false);
        builder.opt(CONDITIONAL_CREATE, true);
        try (FSDataOutputStream out = builder.build()) {
            out.write(bytes);
        } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
            return false;
        }
        return true;
    }

    private void replaceBy(Path unfinished) {
        try {
            // Some file systems replace an existing file, others only with an explicit option.
            if (!fileSystem.rename(unfinished, file)) {
                overwriteBy(unfinished);
            }
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be put in place", file, e);
        }
    }

    private void overwriteBy(Path unfinished) throws IOException {
        try {
            FileContext.getFileContext(fileSystem.getUri(), fileSystem.getConf())
                    .rename(unfinished, file, Rename.OVERWRITE);
        } catch (UnsupportedFileSystemException e) {
            // This file system has only the older interface; for a moment neither file exists.
            if (!fileSystem.delete(file, false) || !fileSystem.rename(unfinished, file)) {
                throw new IOException("the file system refused to rename " + unfinished, e);
            }
        }
    }
}
