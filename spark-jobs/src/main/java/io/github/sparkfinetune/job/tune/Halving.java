package io.github.sparkfinetune.job.tune;

/**
 * Stages of successive halving. With n trials and a factor f there are 1 + floor(log_f n) stages. In the last one the
 * trials reach their last step, and each stage before has the f-th part of the steps of the stage after it. The best
 * f-th part of the trials of a stage goes on to the next one.
 *
 * @param trials number of trials, at least 1
 * @param factor factor of the stages, or 0 for a single stage
 * @param every steps between evaluations, where a trial can pause; 0 for none
 */
record Halving(int trials, int factor, int every) {

    /** Returns the number of stages. */
    int stages() {
        int stages = 1;
        for (long left = trials; factor > 1 && left >= factor; left /= factor) {
            stages++;
        }
        return stages;
    }

    /**
     * Returns the step after which a trial pauses in a stage; {@link Long#MAX_VALUE} for the last stage, and if the
     * stage would be the whole training.
     *
     * @param stage index of the stage, from 0
     * @param totalSteps steps of the trial's training
     */
    long until(int stage, long totalSteps) {
        if (stage == stages() - 1) {
            return Long.MAX_VALUE;
        }
        double share = Math.pow(factor, stage - (stages() - 1.0));
        // A trial pauses where it would be evaluated in any case, so that pauses change nothing.
        long steps = (long) Math.ceil(totalSteps * share / every) * every;
        return steps >= totalSteps ? Long.MAX_VALUE : steps;
    }

    /** Returns how many trials go on after a stage, the last one excepted. */
    int kept(int stage) {
        return (int) Math.ceil(trials / Math.pow(factor, stage + 1.0));
    }
}
