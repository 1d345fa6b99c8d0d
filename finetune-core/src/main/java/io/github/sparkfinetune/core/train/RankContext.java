package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.collective.Collective;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * What one rank needs from whoever starts it.
 *
 * @param collective the ranks; closed by the caller, and by a training that fails, before it frees what is being summed
 * @param gpu index of the GPU that everything lives on, or -1 for the CPU
 * @param threads threads of PyTorch's operators
 * @param hadoop configuration of the file systems
 * @param localDir folder of this machine's disk for copies, which ranks of the machine may share
 * @param attempt distinguishes this attempt at the run from every other: checkpoints written by an earlier attempt that
 *     still runs can not be mistaken for this one's. Equal on all ranks; letters, digits and hyphens
 * @param records is given each record as it is made, on rank 0
 * @param cancelled polled after each piece of work; true ends the training with an exception
 */
public record RankContext(
        Collective collective,
        int gpu,
        int threads,
        Configuration hadoop,
        Path localDir,
        String attempt,
        Consumer<TrainingRecord> records,
        BooleanSupplier cancelled) {

    public RankContext {
        Objects.requireNonNull(collective, "collective");
        Objects.requireNonNull(hadoop, "hadoop");
        Objects.requireNonNull(localDir, "localDir");
        Objects.requireNonNull(records, "records");
        Objects.requireNonNull(cancelled, "cancelled");
        if (threads < 1 || gpu < -1 || !attempt.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("threads " + threads + ", gpu " + gpu + ", attempt '" + attempt + "'");
        }
    }

    /**
     * To be called after each piece of work, so that the others go on waiting for this rank.
     *
     * @throws CancellationException where this rank is to stop
     * @throws io.github.sparkfinetune.core.collective.LostRankException where another rank was lost
     */
    void progressed() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("rank " + collective.rank() + " was told to stop");
        }
        collective.progressed();
    }
}
