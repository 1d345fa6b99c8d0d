package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
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
    private final RunConfig config;
    private final CheckpointWriter writer;
    private final SaveClock clock;
    private final List<TrainingRecord> records = new ArrayList<>();
    private long newest;

    Saves(RunConfig config, RankContext rank, TrainingResources resources, CheckpointStore checkpoints) {
        this.config = config;
        this.rank = rank;
        this.collective = rank.collective();
        this.resources = resources;
        this.clock = new SaveClock(config.training().saving().saveMinutes());
        this.writer = writer(checkpoints, rank::progressed);
    }

    private CheckpointWriter writer(CheckpointStore checkpoints, Runnable progressed) {
        return new CheckpointWriter(
                checkpoints, resources.temporary(), resources.tensors().areReadInPlace(), WRITER_SECONDS, progressed);
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
        Optional<Checkpoint> begun = begin(writer, step, 0, rank::progressed, state, kept);
        records.clear();
        clock.restart();
        newest = step;
        return begun;
    }

    private Optional<Checkpoint> begin(
            CheckpointWriter to,
            long step,
            int writing,
            Runnable progressed,
            Function<List<TrainingRecord>, TrainState> state,
            Retention kept) {
        OptimizerShare share = resources.step().share();
        if (share.index() > 0) {
            to.beginShare(step, share, resources.tensors().own(progressed));
            return Optional.empty();
        }
        if (collective.rank() != writing) {
            return Optional.empty();
        }
        return Optional.of(to.begin(
                step,
                resources.tensors().trained(progressed),
                share,
                resources.tensors().own(progressed),
                state.apply(List.copyOf(records)).toJson(),
                kept));
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
        writer.awaitAtEnd();
        // Rank 0 may live and save the same step: each rank has a folder of its own for it.
        CheckpointStore own = FineTuner.store(config, rank.hadoop(), rank.attempt() + "-" + collective.rank());
        // The error would end the reading, too.
        Runnable unless = () -> {};
        try (CheckpointWriter last = writer(own, unless)) {
            begin(last, step, collective.rank(), unless, state, kept);
            if (last.awaitAtEnd()) {
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
