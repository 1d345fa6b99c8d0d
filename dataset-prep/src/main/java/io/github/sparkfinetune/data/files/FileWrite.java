package io.github.sparkfinetune.data.files;

import io.github.sparkfinetune.data.files.HadoopFiles.Content;
import java.io.IOException;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataOutputStream;
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
