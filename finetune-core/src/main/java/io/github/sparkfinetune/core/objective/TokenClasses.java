package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * Tokens that stand for a teacher's distribution, for each token with a label.
 *
 * @param count number of tokens K of each distribution
 * @param ids ids of the tokens [rows, K]
 * @param logWeights logarithms of their weights [rows, K]; the weights of a row sum to 1
 */
public record TokenClasses(int count, int[] ids, float[] logWeights) {
    public TokenClasses {
        if (logWeights.length != ids.length) {
            throw new IllegalArgumentException(ids.length + " ids and " + logWeights.length + " weights");
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
        int count = width / 2;
        int[] ids = new int[rows * count];
        float[] logWeights = new float[ids.length];
        int row = 0;
        for (Sample sample : samples) {
            double[] targets = sample.targets();
            if (targets.length != sample.labelTokens() * width || (width == 0 && sample.labelTokens() > 0)) {
                throw new IllegalArgumentException("sample " + sample.index() + " has no classes of its teacher");
            }
            for (int at = 0; at < targets.length; at += width, row++) {
                for (int k = 0; k < count; k++) {
                    ids[row * count + k] = (int) targets[at + k];
                    logWeights[row * count + k] = (float) targets[at + count + k];
                }
            }
        }
        return new TokenClasses(count, ids, logWeights);
    }

    /** Returns some rows as {@link Sample#targets}. */
    public double[] targets(int from, int to) {
        double[] targets = new double[(to - from) * 2 * count];
        for (int row = from; row < to; row++) {
            int at = (row - from) * 2 * count;
            for (int k = 0; k < count; k++) {
                targets[at + k] = ids[row * count + k];
                targets[at + count + k] = logWeights[row * count + k];
            }
        }
        return targets;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenClasses that
                && count == that.count
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(logWeights, that.logWeights);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(logWeights);
    }

    @Override
    public String toString() {
        return "TokenClasses[rows=" + rows() + ", count=" + count + "]";
    }
}
