package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointWriter;
import io.github.sparkfinetune.core.checkpoint.OptimizerShare;
import io.github.sparkfinetune.core.checkpoint.Retention;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.train.speed.SaveClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checkpoints that a rank writes during a training, and the records that they hold. */
final class Saves implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Saves.class);

    /** Below the 30 seconds after which Spark kills the process of a cancelled task. */
    private static final long WRITER_SECONDS = 20;

    private final RankContext rank;
    private final Collective collective;
    private final TrainingResources resources;
    private final CheckpointWriter writer;
    private final SaveClock clock;
    private final List<TrainingRecord> records = new ArrayList<>();
    /** Step of the newest checkpoint. */
    private long newest;

    Saves(RunConfig config, RankContext rank, TrainingResources resources) {
        this.rank = rank;
        this.collective = rank.collective();
        this.resources = resources;
        this.clock = new SaveClock(config.training().saveMinutes());
        boolean together = collective.rank() == 0 || resources.step().share().count() > 1;
        // A rank that shares nothing writes only the last step, and maybe while rank 0 writes it, too.
        String attempt = together ? rank.attempt() : rank.attempt() + "-" + collective.rank();
        this.writer = new CheckpointWriter(
                FineTuner.store(config, rank.hadoop(), attempt),
                resources.temporary(),
                resources.tensors().areReadInPlace(),
                WRITER_SECONDS,
                rank::progressed);
    }

    /** Adds a record to the next checkpoint. */
    void add(TrainingRecord record) {
        records.add(record);
    }

    /** Returns whether {@code training.save_minutes} have passed since the previous checkpoint. */
    boolean isDue() {
        return clock.isDue();
    }

    /** Notes that the training continues from the checkpoint of a step. */
    void resume(long step) {
        newest = step;
    }

    /**
     * Begins to write a checkpoint. Rank 0 writes it; the other ranks write their share of the optimizer's state, if
     * they have one.
     *
     * @param state makes the trainer's other state from the records since the previous checkpoint
     */
    Optional<Checkpoint> begin(long step, Function<List<TrainingRecord>, TrainState> state, Retention kept) {
        Optional<Checkpoint> begun = Optional.empty();
        OptimizerShare share = resources.step().share();
        if (share.index() > 0) {
            writer.beginShare(step, share, resources.tensors().own(rank::progressed));
        } else if (collective.rank() == 0) {
            begun = Optional.of(write(step, rank::progressed, state, kept));
        }
        records.clear();
        clock.restart();
        newest = step;
        return begun;
    }

    /** @param progressed called before each part of a tensor that is read; may throw */
    private Checkpoint write(
            long step, Runnable progressed, Function<List<TrainingRecord>, TrainState> state, Retention kept) {
        return writer.begin(
                step,
                resources.tensors().trained(progressed),
                resources.step().share(),
                resources.tensors().own(progressed),
                state.apply(List.copyOf(records)).toJson(),
                kept);
    }

    /**
     * Writes a checkpoint of the last step when the ranks end with an error. Without it the next attempt would repeat
     * the steps since the newest checkpoint. Ranks that share the optimizer's state have no whole state without the
     * lost rank.
     */
    void last(long step, Throwable error, Function<List<TrainingRecord>, TrainState> state, Retention kept) {
        if (step <= newest || resources.step().share().count() > 1) {
            return;
        }
        // Spark interrupts a task that it cancels, and an interrupted thread cannot write.
        boolean interrupted = Thread.interrupted();
        try {
            writer.awaitAtEnd();
            // Progress is not reported, because the error would end the reading.
            write(step, () -> {}, state, kept);
            if (writer.awaitAtEnd()) {
                LOG.info("rank {} has saved step {} before it ends", collective.rank(), step);
            }
        } catch (RuntimeException e) {
            error.addSuppressed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits until the parameters may change. */
    void beforeUpdate() {
        writer.beforeUpdate();
    }

    /** Waits until everything that was begun is written on all ranks. */
    void await() {
        writer.await();
        collective.barrier();
    }

    /** Ends writes in progress, so that the parameters can be freed. */
    @Override
    public void close() {
        writer.close();
    }
}
