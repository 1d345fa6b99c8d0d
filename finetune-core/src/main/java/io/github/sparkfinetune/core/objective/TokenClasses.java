package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * Likeliest tokens of a teacher for each token with a label: a class each, and one class of all other tokens.
 *
 * @param count number of likeliest tokens K of each token
 * @param ids ids of the likeliest tokens [rows, K]
 * @param logProbs log-probabilities of the classes [rows, K + 1], the last that of all other tokens
 */
public record TokenClasses(int count, int[] ids, float[] logProbs) {
    public TokenClasses {
        if (logProbs.length != ids.length + (count == 0 ? 0 : ids.length / count)) {
            throw new IllegalArgumentException(
                    ids.length + " ids of " + count + " a token and " + logProbs.length + " log-probabilities");
        }
    }

    /** Returns the number of tokens with a label. */
    public int rows() {
        return count == 0 ? 0 : ids.length / count;
    }

    /**
     * Reads the targets of samples, in their order.
     *
     * @throws IllegalArgumentException if a sample has no classes for its tokens
     */
    static TokenClasses of(List<Sample> samples) {
        int rows = 0;
        int width = 0;
        for (Sample sample : samples) {
            int tokens = sample.labelTokens();
            rows += tokens;
            width = tokens == 0 ? width : sample.targets().length / tokens;
        }
        int count = (width - 1) / 2;
        int[] ids = new int[rows * count];
        float[] logProbs = new float[rows == 0 ? 0 : rows * (count + 1)];
        int row = 0;
        for (Sample sample : samples) {
            double[] targets = sample.targets();
            if (targets.length != sample.labelTokens() * width) {
                throw new IllegalArgumentException("sample " + sample.index() + " has no classes of its teacher");
            }
            for (int at = 0; at < targets.length; at += width, row++) {
                for (int k = 0; k < count; k++) {
                    ids[row * count + k] = (int) targets[at + k];
                }
                for (int k = 0; k <= count; k++) {
                    logProbs[row * (count + 1) + k] = (float) targets[at + count + k];
                }
            }
        }
        return new TokenClasses(count, ids, logProbs);
    }

    /** Returns some rows as {@link Sample#targets}. */
    public double[] targets(int from, int to) {
        double[] targets = new double[(to - from) * (2 * count + 1)];
        int at = 0;
        for (int row = from; row < to; row++) {
            for (int k = 0; k < count; k++) {
                targets[at++] = ids[row * count + k];
            }
            for (int k = 0; k <= count; k++) {
                targets[at++] = logProbs[row * (count + 1) + k];
            }
        }
        return targets;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenClasses that
                && count == that.count
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(logProbs, that.logProbs);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(logProbs);
    }

    @Override
    public String toString() {
        return "TokenClasses[rows=" + rows() + ", count=" + count + "]";
    }
}
