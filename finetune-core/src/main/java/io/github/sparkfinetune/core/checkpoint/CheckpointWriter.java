package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.safetensors.TensorData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
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
 * Writes checkpoints behind the training, one at a time. A checkpoint is read from the tensors themselves while the
 * next step computes; before the step changes them, {@link #beforeUpdate} copies what is left to a file of this
 * machine's disk, of at most the checkpoint's size. Where the disk has no room, the training waits instead.
 *
 * <p>An error of the writing ends the training: it is thrown by the next call. For one thread; owns the thread that
 * writes and the file.
 */
public final class CheckpointWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);
    private static final String COPY = "checkpoint-copy";
    private static final long GIVEN_UP_SECONDS = 2;
    private static final long LOOK_MILLIS = 500;

    private final CheckpointStore store;
    private final Path temporary;
    private final boolean inPlace;
    private final long closeSeconds;
    private final Runnable progressed;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread made = new Thread(work, "checkpoint-writer");
        made.setDaemon(true);
        return made;
    });
    private Future<?> writing = CompletableFuture.completedFuture(null);
    private Snapshot snapshot;
    private FileChannel copy;

    /**
     * @param temporary folder of this machine
     * @param inPlace whether a tensor's data is its own memory; else it is a buffer that the next one's data overwrites
     * @param closeSeconds how long {@link #close} lets a checkpoint be written to its end
     * @param progressed called now and then by a thread that waits for a checkpoint, while bytes of it are written;
     *     what it throws ends the waiting
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
     * Begins to write a checkpoint, once the one before is written. When it is committed, what is not needed any more
     * is {@link CheckpointStore#prune pruned}.
     *
     * @param step optimizer steps done; once only in an attempt
     * @param model trained parameters, unchanged until {@link #beforeUpdate}
     * @param share this rank's share of the optimizer's state, the first one
     * @param optimizer it, as the parameters
     * @param state whatever else the trainer needs to go on
     * @param keep newest checkpoints kept
     * @param protectedSteps kept beside these
     */
    public Checkpoint begin(
            long step,
            List<TensorData> model,
            OptimizerShare share,
            List<TensorData> optimizer,
            JsonNode state,
            int keep,
            Set<Long> protectedSteps) {
        Snapshot begun = begin(Stream.concat(model.stream(), optimizer.stream()).toList());
        writing = thread.submit(() -> {
            try (begun) {
                store.commit(step, share, out -> begun.write(out, model), out -> begun.write(out, optimizer), state);
            }
            store.prune(keep, protectedSteps);
        });
        return store.checkpoint(step);
    }

    /** Begins to write another rank's share of the optimizer's state, once the one before is written. */
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
            throw new UncheckedIOException("a checkpoint can't be copied to " + temporary + ": " + e.getMessage(), e);
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

    /** Returns once the tensors of {@link #begin} may change. */
    public void beforeUpdate() {
        if (writing.isDone()) {
            await();
            return;
        }
        try {
            snapshot.detach(copy());
        } catch (IOException e) {
            LOG.warn("the training waits for a checkpoint to be written: {} has no room ({})", temporary, e.toString());
            try {
                for (long seen = -1; !snapshot.awaitRead(LOOK_MILLIS); ) {
                    seen = look(seen);
                }
            } catch (InterruptedException interrupted) {
                throw interrupted(interrupted);
            }
        }
    }

    /** Returns once everything that was begun is written. */
    public void await() {
        try {
            for (long seen = -1; !isWritten(); ) {
                seen = look(seen);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known
                    ? known
                    : new IllegalStateException("a checkpoint can't be written", e.getCause());
        }
    }

    private boolean isWritten() throws InterruptedException, ExecutionException {
        try {
            writing.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /** Says where more bytes are written than were seen before; returns their number. */
    private long look(long seen) {
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
     * Lets a checkpoint be written to its end, unless this thread is interrupted or it takes too long; then it is given
     * up. In any case no tensor is read any more.
     */
    @Override
    public void close() {
        thread.shutdown();
        boolean interrupted = !awaitedUninterrupted(closeSeconds);
        thread.shutdownNow();
        if (snapshot != null) {
            snapshot.close();
        }
        // What was given up ends by its interrupt, unless the file system does not hear of it.
        interrupted = !awaitedUninterrupted(GIVEN_UP_SECONDS) || interrupted;
        if (copy != null) {
            try {
                copy.close();
            } catch (IOException e) {
                LOG.warn("{} can't be closed: {}", temporary.resolve(COPY), e.toString());
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits; returns false at once where this thread is interrupted, which then is not marked so any more. */
    private boolean awaitedUninterrupted(long seconds) {
        try {
            if (!thread.awaitTermination(seconds, TimeUnit.SECONDS)) {
                LOG.warn("a checkpoint is given up: it was not written {} s after the end", seconds);
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
