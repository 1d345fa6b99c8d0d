package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.collective.Collective;

/**
 * Division of a run into steps. For a global batch of G samples, step s of an epoch takes the positions [s·G, (s+1)·G)
 * of the epoch's order. The last batch of an epoch may be shorter and never crosses into the next epoch. The number of
 * ranks only decides G at the start of a run.
 *
 * @param samples number of samples of the training split
 * @param globalBatch number of samples of a step over all ranks
 * @param totalSteps number of optimizer steps of the run
 */
public record StepPlan(long samples, long globalBatch, long totalSteps) {

    public StepPlan {
        if (samples < 1 || globalBatch < 1 || totalSteps < 1) {
            throw new IllegalArgumentException(
                    samples + " samples, global batch " + globalBatch + ", " + totalSteps + " steps");
        }
    }

    /**
     * Returns the plan of a run.
     *
     * @param globalBatch number of samples of a step over all ranks
     */
    public static StepPlan of(TrainingConfig training, long samples, long globalBatch) {
        long epochSteps = stepsOfEpoch(samples, globalBatch);
        return new StepPlan(
                samples,
                globalBatch,
                training.maxSteps() > 0 ? training.maxSteps() : epochSteps * training.numTrainEpochs());
    }

    /** Returns the global batch of a run that starts with a number of ranks. */
    public static long globalBatch(TrainingConfig training, int ranks) {
        return (long) training.perDeviceTrainBatchSize() * training.gradientAccumulationSteps() * ranks;
    }

    private static long stepsOfEpoch(long samples, long globalBatch) {
        return (samples + globalBatch - 1) / globalBatch;
    }

    /** Returns the number of steps of one epoch. */
    long stepsOfEpoch() {
        return stepsOfEpoch(samples, globalBatch);
    }

    /** Returns the epoch of a step, both from 0. */
    public int epoch(long step) {
        return Math.toIntExact(step / stepsOfEpoch());
    }

    /** Returns the first position of a step's samples in its epoch. */
    long from(long step) {
        return step % stepsOfEpoch() * globalBatch;
    }

    /** Returns the number of samples of a step. */
    long count(long step) {
        return Math.min(globalBatch, samples - from(step));
    }

    /** Returns the share of the samples that a step takes, on average over an epoch if steps take random samples. */
    public double sampleRate() {
        return Math.min(1, (double) globalBatch / samples);
    }

    /** Returns the number of completed epochs after a number of steps. */
    public double epochsAfter(long steps) {
        return (double) steps / stepsOfEpoch();
    }

    /** Returns the first position of a rank's share of a step; for rank {@code ranks}, the position after the last. */
    public long share(long step, int rank, int ranks) {
        return from(step) + Collective.firstOfShare(count(step), rank, ranks);
    }
}
