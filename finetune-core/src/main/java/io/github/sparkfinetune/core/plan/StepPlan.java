package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.TrainingConfig;

/**
 * Which samples each step takes: step s of an epoch the positions [s·G, (s+1)·G) of the epoch's order, for a global
 * batch of G. The last batch of an epoch is short and never crosses into the next. Nothing here depends on the number
 * of ranks but the choice of G when a run starts.
 *
 * @param samples of the training split
 * @param globalBatch samples of a step over all ranks
 * @param totalSteps optimizer steps of the run
 */
public record StepPlan(long samples, long globalBatch, long totalSteps) {

    public StepPlan {
        if (samples < 1 || globalBatch < 1 || totalSteps < 1) {
            throw new IllegalArgumentException(
                    samples + " samples, global batch " + globalBatch + ", " + totalSteps + " steps");
        }
    }

    /**
     * The plan of a run.
     *
     * @param globalBatch samples of a step over all ranks
     */
    public static StepPlan of(TrainingConfig training, long samples, long globalBatch) {
        long epochSteps = stepsOfEpoch(samples, globalBatch);
        return new StepPlan(
                samples,
                globalBatch,
                training.batches().maxSteps() > 0
                        ? training.batches().maxSteps()
                        : epochSteps * training.batches().numTrainEpochs());
    }

    /** G of a run that starts with this many ranks. */
    public static long globalBatch(TrainingConfig training, int ranks) {
        return (long) training.batches().perDeviceTrainBatchSize()
                * training.batches().gradientAccumulationSteps()
                * ranks;
    }

    private static long stepsOfEpoch(long samples, long globalBatch) {
        return (samples + globalBatch - 1) / globalBatch;
    }

    /** Steps of one epoch. */
    long stepsOfEpoch() {
        return stepsOfEpoch(samples, globalBatch);
    }

    /** Epoch of a step, both from 0. */
    public int epoch(long step) {
        return Math.toIntExact(step / stepsOfEpoch());
    }

    /** First position of a step's samples in its epoch. */
    long from(long step) {
        return step % stepsOfEpoch() * globalBatch;
    }

    /** Number of a step's samples. */
    long count(long step) {
        return Math.min(globalBatch, samples - from(step));
    }

    /** Epochs done after this many steps. */
    public double epochsAfter(long steps) {
        return (double) steps / stepsOfEpoch();
    }

    /** First position of a rank's share of a step's samples; the share of rank {@code ranks} is past the last. */
    public long share(long step, int rank, int ranks) {
        return from(step) + count(step) * rank / ranks;
    }
}
