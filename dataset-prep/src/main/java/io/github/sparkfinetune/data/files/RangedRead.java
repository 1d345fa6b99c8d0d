package io.github.sparkfinetune.data.files;

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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.functional.FutureIO;

/**
 * Reads ranges of a file in parallel. One connection to an object store gives some 50 to 100 MB/s, however fast the
 * network is. The file system itself retries failed requests. A read may take any time as long as bytes arrive.
 */
public final class RangedRead {
    /** Most bytes of a request, large enough that its latency is a small part of its time. */
    public static final int REQUEST = 8 << 20;

    private static final int THREADS = 8;
    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(10);
    private static final long POLL_MILLIS = 500;
    /**
     * Makes S3A request only the bytes that are read, instead of all up to the end of the file. Other file systems
     * ignore it.
     */
    private static final String READ_POLICY = "fs.s3a.experimental.input.fadvise";

    private final FileSystem from;
    private final org.apache.hadoop.fs.Path file;
    private final Duration longestSilence;

    /**
     * A range of a file, [from, to).
     *
     * @param from first byte
     * @param to byte after the last one
     */
    public record Range(long from, long to) {
        public Range {
            if (from < 0 || to < from) {
                throw new IllegalArgumentException(from + " to " + to);
            }
        }
    }

    /** Receiver of bytes of the file. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes the bytes of a request. Called once for each request, in any order and by several threads at once.
         *
         * @param at place of the first byte in the file
         * @param bytes valid during the call
         */
        void take(long at, ByteBuffer bytes) throws IOException;
    }

    public RangedRead(FileSystem from, org.apache.hadoop.fs.Path file) {
        this(from, file, LONGEST_SILENCE);
    }

    /** @param longestSilence longest time without a byte */
    RangedRead(FileSystem from, org.apache.hadoop.fs.Path file, Duration longestSilence) {
        this.from = from;
        this.file = file;
        this.longestSilence = longestSilence;
    }

    /**
     * Copies ranges of the file to the same places of a local file.
     *
     * @param progressed as in {@link #read}
     */
    public void copy(List<Range> ranges, FileChannel target, Runnable progressed) throws IOException {
        read(
                ranges,
                (at, bytes) -> {
                    for (long next = at; bytes.hasRemaining(); ) {
                        next += target.write(bytes, next);
                    }
                },
                progressed);
    }

    /** Copies the whole file to a new local file. */
    void copy(Path target, Runnable progressed) throws IOException {
        long length = from.getFileStatus(file).getLen();
        try (FileChannel out = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            copy(List.of(new Range(0, length)), out, progressed);
        }
    }

    /**
     * Reads ranges of the file.
     *
     * @param progressed called now and then on the caller's thread while bytes arrive; an exception of it ends the read
     * @throws IOException also if the file has become shorter, or no byte arrives for too long
     */
    public void read(List<Range> ranges, Sink sink, Runnable progressed) throws IOException {
        Queue<Range> requests = new ConcurrentLinkedQueue<>(requests(ranges));
        int threads = Math.min(THREADS, requests.size());
        if (threads == 0) {
            return;
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, "read-" + file.getName());
            thread.setDaemon(true);
            return thread;
        });
        try {
            AtomicLong bytes = new AtomicLong();
            ExecutorCompletionService<Void> readers = new ExecutorCompletionService<>(pool);
            for (int i = 0; i < threads; i++) {
                readers.submit(() -> {
                    readRequests(requests, sink, bytes);
                    return null;
                });
            }
            await(readers, threads, bytes, progressed);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        } finally {
            pool.shutdownNow();
        }
    }

    private static List<Range> requests(List<Range> ranges) {
        List<Range> requests = new ArrayList<>();
        for (Range range : ranges) {
            for (long at = range.from(); at < range.to(); at += REQUEST) {
                requests.add(new Range(at, Math.min(range.to(), at + REQUEST)));
            }
        }
        return requests;
    }

    private void await(ExecutorCompletionService<Void> readers, int threads, AtomicLong bytes, Runnable progressed)
            throws IOException, InterruptedException, ExecutionException {
        long before = 0;
        long changed = System.nanoTime();
        for (int running = threads; running > 0; ) {
            Future<Void> ended = readers.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
            if (ended != null) {
                ended.get();
                running--;
            }
            long now = bytes.get();
            if (now != before) {
                before = now;
                changed = System.nanoTime();
                progressed.run();
            } else if (System.nanoTime() - changed > longestSilence.toNanos()) {
                throw new IOException("received no byte for " + longestSilence.toSeconds() + " s");
            }
        }
    }

    private void readRequests(Queue<Range> requests, Sink sink, AtomicLong count) throws IOException {
        byte[] bytes = null;
        try (FSDataInputStream in = FutureIO.awaitFuture(
                from.openFile(file).opt(READ_POLICY, "random").build())) {
            for (Range request = requests.poll(); request != null; request = requests.poll()) {
                int length = (int) (request.to() - request.from());
                if (bytes == null || bytes.length < length) {
                    bytes = new byte[length];
                }
                read(in, request.from(), bytes, length, count);
                sink.take(request.from(), ByteBuffer.wrap(bytes, 0, length));
            }
        }
    }

    private static void read(FSDataInputStream in, long at, byte[] bytes, int length, AtomicLong count)
            throws IOException {
        for (int done = 0; done < length; ) {
            int read = in.read(at + done, bytes, done, length - done);
            if (read < 0) {
                throw new IOException(
                        "the file became shorter while it was read", new EOFException("at byte " + (at + done)));
            }
            done += read;
            count.addAndGet(read);
        }
    }
}
