package io.github.sparkfinetune.core.metric;

/**
 * Scores of one class, or averaged over classes; a ratio with denominator 0 is 0.
 *
 * @param precision true positives / predicted
 * @param recall true positives / true
 * @param f1 their harmonic mean, 2 true positives / (predicted + true); averaged: the average of the classes' own
 * @param support true samples
 */
public record PrecisionRecall(double precision, double recall, double f1, long support) {
    /** Of counts. */
    static PrecisionRecall of(double hits, double predicted, double truths) {
        return new PrecisionRecall(
                ratio(hits, predicted), ratio(hits, truths), ratio(2 * hits, predicted + truths), (long) truths);
    }

    private static double ratio(double part, double whole) {
        return whole == 0 ? 0 : part / whole;
    }
}
