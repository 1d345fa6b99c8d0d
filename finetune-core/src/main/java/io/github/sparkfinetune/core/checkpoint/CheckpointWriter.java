package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.safetensors.TensorData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writer of checkpoints in the background, one at a time. A checkpoint is read from the tensors themselves while the
 * next step computes. Before the step changes the tensors, {@link #beforeUpdate} copies the unread rest to a file on
 * this machine's disk, of at most the checkpoint's size. If the disk is full, the training waits instead.
 *
 * <p>An error of the writing ends the training: the next call throws it. Only one thread may use a writer. The writer
 * owns its background thread and the file.
 */
public final class CheckpointWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);
    private static final String COPY = "checkpoint-copy";
    private static final long ABORT_SECONDS = 2;
    private static final long POLL_MILLIS = 500;

    private final CheckpointStore store;
    private final Path temporary;
    private final boolean inPlace;
    private final long closeSeconds;
    private final Runnable progressed;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread writer = new Thread(work, "checkpoint-writer");
        writer.setDaemon(true);
        return writer;
    });
    private Future<?> writing = CompletableFuture.completedFuture(null);
    private Snapshot snapshot;
    private FileChannel copy;
    /** {@link System#nanoTime} at which the writer stops to wait; empty until it ends. */
    private OptionalLong end = OptionalLong.empty();

    /**
     * Creates a writer.
     *
     * @param temporary folder of this machine
     * @param inPlace whether a tensor's data is its own memory; otherwise it is a buffer that the next tensor's data
     *     overwrites
     * @param closeSeconds longest time that {@link #close} waits for a checkpoint to be written
     * @param progressed called now and then by a thread that waits for a checkpoint, while bytes are written; its
     *     exceptions end the waiting
     */
    public CheckpointWriter(
            CheckpointStore store, Path temporary, boolean inPlace, long closeSeconds, Runnable progressed) {
        this.store = store;
        this.temporary = temporary;
        this.inPlace = inPlace;
        this.closeSeconds = closeSeconds;
        this.progressed = progressed;
    }

    /**
     * Begins to write a checkpoint, once the previous one is written. After the commit, unneeded checkpoints are
     * {@link CheckpointStore#prune pruned}.
     *
     * @param step number of completed optimizer steps; only once in an attempt
     * @param model trained parameters, unchanged until {@link #beforeUpdate}
     * @param share this rank's share of the optimizer's state, the first one
     * @param optimizer this rank's part of the optimizer's state, unchanged like the parameters
     * @param state the trainer's other state
     * @param kept checkpoints that are kept
     */
    public Checkpoint begin(
            long step,
            List<TensorData> model,
            OptimizerShare share,
            List<TensorData> optimizer,
            JsonNode state,
            Retention kept) {
        Snapshot begun = begin(Stream.concat(model.stream(), optimizer.stream()).toList());
        writing = thread.submit(() -> {
            try (begun) {
                store.commit(step, share, out -> begun.write(out, model), out -> begun.write(out, optimizer), state);
            }
            store.prune(kept);
        });
        return store.checkpoint(step);
    }

    /** Begins to write another rank's share of the optimizer's state, once the previous one is written. */
    public void beginShare(long step, OptimizerShare share, List<TensorData> optimizer) {
        Snapshot begun = begin(optimizer);
        writing = thread.submit(() -> {
            try (begun) {
                store.commitShare(step, share, out -> begun.write(out, optimizer));
            }
        });
    }

    private Snapshot begin(List<TensorData> tensors) {
        await();
        snapshot = snapshot(tensors);
        return snapshot;
    }

    private Snapshot snapshot(List<TensorData> tensors) {
        try {
            return inPlace ? Snapshot.inPlace(tensors) : Snapshot.copied(tensors, copy());
        } catch (IOException e) {
            throw new UncheckedIOException("a checkpoint cannot be copied to " + temporary + ": " + e.getMessage(), e);
        }
    }

    private FileChannel copy() throws IOException {
        if (copy == null) {
            copy = FileChannel.open(
                    temporary.resolve(COPY),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
        }
        return copy;
    }

    /** Waits until the tensors of {@link #begin} may change. */
    public void beforeUpdate() {
        if (writing.isDone()) {
            await();
            return;
        }
        try {
            snapshot.detach(copy());
        } catch (IOException e) {
            LOG.warn("the training waits until a checkpoint is written: {} is full ({})", temporary, e.toString());
            try {
                for (long seen = -1; !snapshot.awaitRead(POLL_MILLIS); ) {
                    seen = poll(seen);
                }
            } catch (InterruptedException interrupted) {
                throw interrupted(interrupted);
            }
        }
    }

    /** Waits until everything that was begun is written. */
    public void await() {
        try {
            for (long seen = -1; !isWritten(); ) {
                seen = poll(seen);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known
                    ? known
                    : new IllegalStateException("a checkpoint cannot be written", e.getCause());
        }
    }

    /**
     * Waits until what was begun is written, even if this thread is interrupted, or until the time of {@link #close} is
     * over, which begins with the first call.
     *
     * @return whether it is written
     */
    public boolean awaitAtEnd() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    writing.get(nanosLeft(), TimeUnit.NANOSECONDS);
                    return true;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException | TimeoutException e) {
                    LOG.warn("a checkpoint was not written at the end of the rank: {}", e.toString());
                    return false;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private long nanosLeft() {
        if (end.isEmpty()) {
            end = OptionalLong.of(System.nanoTime() + TimeUnit.SECONDS.toNanos(closeSeconds));
        }
        return Math.max(0, end.getAsLong() - System.nanoTime());
    }

    private boolean isWritten() throws InterruptedException, ExecutionException {
        try {
            writing.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /** Reports progress if more bytes are written than seen before; returns their number. */
    private long poll(long seen) {
        long written = snapshot.written();
        if (written != seen) {
            progressed.run();
        }
        return written;
    }

    private static CancellationException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return (CancellationException)
                new CancellationException("interrupted while a checkpoint is written").initCause(e);
    }

    /**
     * Waits until a checkpoint is written. If this thread is interrupted or the time runs out, the checkpoint is
     * aborted. Afterwards no tensor is read.
     */
    @Override
    public void close() {
        thread.shutdown();
        boolean interrupted = !awaitedUninterrupted(nanosLeft());
        thread.shutdownNow();
        if (snapshot != null) {
            snapshot.close();
        }
        // An aborted checkpoint ends by its interrupt, unless the file system ignores interrupts.
        interrupted = !awaitedUninterrupted(TimeUnit.SECONDS.toNanos(ABORT_SECONDS)) || interrupted;
        if (copy != null) {
            try {
                copy.close();
            } catch (IOException e) {
                LOG.warn("{} cannot be closed: {}", temporary.resolve(COPY), e.toString());
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Waits for the writing to end. Returns false at once if this thread is interrupted, and clears its interrupt
     * status.
     */
    private boolean awaitedUninterrupted(long nanos) {
        try {
            if (!thread.awaitTermination(nanos, TimeUnit.NANOSECONDS)) {
                LOG.warn("a checkpoint is aborted: it was not written {} s after the end", closeSeconds);
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
