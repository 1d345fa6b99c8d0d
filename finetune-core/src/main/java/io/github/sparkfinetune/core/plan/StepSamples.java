package io.github.sparkfinetune.core.plan;

/** Choice of the samples of each step, by their indexes in the training split's storage order. */
public interface StepSamples {
    /** Returns the epoch of a step, both from 0. */
    int epoch(long step);

    /**
     * Returns a rank's share of a step's samples. Any step is reached as fast as the next step.
     *
     * @param step index of the step, from 0
     */
    long[] indexes(long step, int rank, int ranks);

    /** Returns samples that a rank should read while it computes a step, because the next step needs them. */
    long[] next(long step, int rank, int ranks);
}
