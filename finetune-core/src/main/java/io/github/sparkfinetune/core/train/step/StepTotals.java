package io.github.sparkfinetune.core.train.step;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.objective.TermWeights;
import java.util.Arrays;

/**
 * Totals of a training step over all ranks, reduced in one message.
 *
 * @param terms sums of the objective's terms, not yet divided by their weights
 * @param gradNorm global L2 norm of the gradient, before clipping
 * @param leaves whether a rank must end after the step
 * @param seconds computing time of each rank, without waiting for other ranks
 */
record StepTotals(double[] terms, double gradNorm, boolean leaves, double[] seconds) {
    private static final int NORM = 0;
    private static final int LEAVING = 1;
    private static final int SECONDS = 2;

    /**
     * Adds up the values of the ranks. All ranks call this method.
     *
     * @param terms this rank's sums
     * @param gradNorm on rank 0 the norm by which all ranks clip; 0 on other ranks, whose processors may add up in
     *     another order
     * @param leaves whether this rank must end after the step
     * @param seconds computing time of this rank
     */
    static StepTotals reduced(Collective collective, double[] terms, double gradNorm, boolean leaves, double seconds) {
        int facts = terms.length;
        double[] message = Arrays.copyOf(terms, facts + SECONDS + collective.size());
        message[facts + NORM] = gradNorm;
        message[facts + LEAVING] = leaves ? 1 : 0;
        message[facts + SECONDS + collective.rank()] = seconds;
        collective.allReduce(message);
        return new StepTotals(
                Arrays.copyOf(message, facts),
                message[facts + NORM],
                message[facts + LEAVING] > 0,
                Arrays.copyOfRange(message, facts + SECONDS, message.length));
    }

    /**
     * Returns the mean loss, the sum of the terms' means.
     *
     * @param weights weights over the global batch; a term without weight has no loss
     */
    double loss(TermWeights weights) {
        double loss = 0;
        for (int term = 0; term < terms.length; term++) {
            loss += weights.term(term) == 0 ? 0 : terms[term] / weights.term(term);
        }
        return loss;
    }
}
