package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.collective.Collective;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;

/**
 * Environment of one rank, provided by the caller that starts it.
 *
 * @param collective connection to the other ranks. The caller closes it; a failing training run closes it before it
 *     frees tensors of an all-reduce in progress
 * @param gpu index of the GPU, or -1 for the CPU
 * @param threads number of threads of PyTorch's operators
 * @param hadoop configuration of the file systems
 * @param localDir local folder for copies, which ranks of the machine may share
 * @param attempt id of this attempt at the run, unique and equal on all ranks; letters, digits and hyphens. It
 *     distinguishes this attempt's checkpoints from those of an earlier attempt that still runs
 * @param records receives each new record, on rank 0
 * @param stop polled after each piece of work: whether this rank must end. All ranks end if one must
 */
public record RankContext(
        Collective collective,
        int gpu,
        int threads,
        Configuration hadoop,
        Path localDir,
        String attempt,
        Consumer<TrainingRecord> records,
        Supplier<StopRequest> stop) {

    public RankContext {
        Objects.requireNonNull(collective, "collective");
        Objects.requireNonNull(hadoop, "hadoop");
        Objects.requireNonNull(localDir, "localDir");
        Objects.requireNonNull(records, "records");
        Objects.requireNonNull(stop, "stop");
        if (threads < 1 || gpu < -1 || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("threads " + threads + ", gpu " + gpu + ", attempt '" + attempt + "'");
        }
    }

    /**
     * Reports progress after each piece of work, so that the other ranks continue to wait for this rank.
     *
     * @throws CancellationException if this rank must end now
     * @throws io.github.sparkfinetune.core.collective.LostRankException if another rank is lost
     */
    void progressed() {
        if (stop.get() == StopRequest.NOW) {
            throw new CancellationException("rank " + collective.rank() + " was cancelled");
        }
        collective.progressed();
    }

    /** Returns whether this rank must end after the step in progress. */
    boolean leaves() {
        return stop.get() == StopRequest.AFTER_STEP;
    }
}
