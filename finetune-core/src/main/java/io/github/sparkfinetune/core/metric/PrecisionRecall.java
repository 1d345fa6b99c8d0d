package io.github.sparkfinetune.core.metric;

/**
 * Scores of one class, or averages over classes. A ratio with denominator 0 is 0.
 *
 * @param precision true positives / predicted
 * @param recall true positives / true
 * @param f1 harmonic mean of both, 2 true positives / (predicted + true); the averaged F1 is the average of the
 *     classes' F1
 * @param support number of true samples
 */
public record PrecisionRecall(double precision, double recall, double f1, long support) {
    /** Returns the scores from counts. */
    static PrecisionRecall of(double hits, double predicted, double truths) {
        return new PrecisionRecall(
                ratio(hits, predicted), ratio(hits, truths), ratio(2 * hits, predicted + truths), (long) truths);
    }

    private static double ratio(double part, double whole) {
        return whole == 0 ? 0 : part / whole;
    }
}
