package io.github.sparkfinetune.core.objective;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Sums over samples that a loss needs before its first gradient.
 *
 * @param terms weight of each term: its number of labels
 * @param divergence sum of the log-ratios of mismatched answers, for unpaired preferences; else 0
 */
public record TermWeights(double[] terms, double divergence) {
    /** Returns the weights of the terms of a loss without a divergence. */
    public static TermWeights of(double... terms) {
        return new TermWeights(terms, 0);
    }

    /** Reads what {@link #write} has written. */
    public static TermWeights read(ByteBuffer from, int terms) {
        double[] weights = new double[terms];
        Arrays.setAll(weights, term -> from.getDouble());
        return new TermWeights(weights, from.getDouble());
    }

    /** Writes the values as F64. */
    public void write(ByteBuffer to) {
        for (double weight : terms) {
            to.putDouble(weight);
        }
        to.putDouble(divergence);
    }

    /** Returns the number of bytes that {@link #write} writes. */
    public int bytes() {
        return (terms.length + 1) * Double.BYTES;
    }

    /** Returns the weight of a term. */
    public double term(int term) {
        return terms[term];
    }

    /** Returns the factor of a term, 1 / weight, or 0 if there is no label of the term. */
    public double scale(int term) {
        return terms[term] == 0 ? 0 : 1 / terms[term];
    }

    /** Returns the sums over the samples of both. */
    public TermWeights plus(TermWeights other) {
        double[] sums = new double[terms.length];
        Arrays.setAll(sums, term -> terms[term] + other.terms[term]);
        return new TermWeights(sums, divergence + other.divergence);
    }
}
