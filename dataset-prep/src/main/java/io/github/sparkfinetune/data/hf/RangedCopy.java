package io.github.sparkfinetune.data.hf;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.functional.FutureIO;

/**
 * Copies a file to this machine, several ranges of it at once: one connection to an object store gives some 50 to 100
 * MB/s, whatever the network does. What fails on the way is repeated by the file system itself, a range at a time; a
 * copy that takes far longer than a slow network would ends with an error.
 */
final class RangedCopy {
    /** Of a request: its latency is a small part of its time. */
    static final int RANGE = 8 << 20;

    private static final int THREADS = 8;
    private static final Duration LEAST_TIME = Duration.ofMinutes(10);
    private static final long LEAST_BYTES_PER_SECOND = 1 << 20;
    /** S3A then asks for the bytes that are read, not for all up to the end of the file. Others pass over it. */
    private static final String READ_POLICY = "fs.s3a.experimental.input.fadvise";

    private final FileSystem from;
    private final FileStatus file;
    private final Duration longest;

    RangedCopy(FileSystem from, FileStatus file) {
        this(from, file, LEAST_TIME.plusSeconds(file.getLen() / LEAST_BYTES_PER_SECOND));
    }

    /** @param longest how long the copy may take */
    RangedCopy(FileSystem from, FileStatus file, Duration longest) {
        this.from = from;
        this.file = file;
        this.longest = longest;
    }

    /**
     * Makes the copy.
     *
     * @param target must not be there yet
     * @throws IOException also where the file has become shorter, or it takes too long
     */
    void to(Path target) throws IOException {
        long length = file.getLen();
        int threads = (int) Math.max(1, Math.min(THREADS, (length + RANGE - 1) / RANGE));
        ExecutorService pool = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, "copy-" + file.getPath().getName());
            thread.setDaemon(true);
            return thread;
        });
        try (FileChannel out = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            AtomicLong next = new AtomicLong();
            List<Callable<Void>> readers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                readers.add(() -> {
                    copyRanges(next, out);
                    return null;
                });
            }
            for (Future<Void> reader : pool.invokeAll(readers, longest.toMillis(), TimeUnit.MILLISECONDS)) {
                reader.get();
            }
        } catch (CancellationException e) {
            throw new IOException("it was not copied in " + longest.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        } finally {
            pool.shutdownNow();
        }
    }

    private void copyRanges(AtomicLong next, FileChannel out) throws IOException {
        byte[] bytes = new byte[(int) Math.min(RANGE, file.getLen())];
        try (FSDataInputStream in = FutureIO.awaitFuture(
                from.openFile(file.getPath()).opt(READ_POLICY, "random").build())) {
            for (long at; (at = next.getAndAdd(RANGE)) < file.getLen(); ) {
                int length = (int) Math.min(RANGE, file.getLen() - at);
                try {
                    in.readFully(at, bytes, 0, length);
                } catch (EOFException e) {
                    throw new IOException("it became shorter while it was read", e);
                }
                ByteBuffer range = ByteBuffer.wrap(bytes, 0, length);
                while (range.hasRemaining()) {
                    out.write(range, at + range.position());
                }
            }
        }
    }
}
