package io.github.sparkfinetune.core.calibration;

import io.github.sparkfinetune.core.metric.Softmax;
import java.util.List;

/**
 * Temperature scaling (Guo and others, 2017): {@code softmax(logits / T)}, with the T of the least negative
 * log-likelihood of the labels.
 */
public final class Temperature {
    /** Bounds of T. Labels that the logits all get right would make T zero. */
    private static final double LEAST = 0.01;

    private static final double MOST = 100;
    private static final double PRECISION = 1e-10;

    private Temperature() {}

    /**
     * Returns T.
     *
     * @param logits logits of each sample, up to a constant: logarithms of its probabilities will do
     * @param labels id of each sample's label
     */
    public static double fit(List<double[]> logits, int[] labels) {
        if (logits.isEmpty() || logits.size() != labels.length) {
            throw new IllegalArgumentException(logits.size() + " logits, " + labels.length + " labels");
        }
        // The likelihood is concave in 1 / T, so that its slope has one root at most.
        double low = 1 / MOST;
        double high = 1 / LEAST;
        while (high - low > PRECISION * high) {
            double middle = (low + high) / 2;
            if (slope(logits, labels, middle) > 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return 2 / (low + high);
    }

    /** Returns the derivative of the log-likelihood by 1 / T. */
    private static double slope(List<double[]> logits, int[] labels, double factor) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double[] own = logits.get(i);
            double[] probabilities = scaled(own, 1 / factor);
            double mean = 0;
            for (int label = 0; label < own.length; label++) {
                mean += probabilities[label] * own[label];
            }
            sum += own[labels[i]] - mean;
        }
        return sum;
    }

    /** Returns {@code softmax(logits / T)}. */
    public static double[] scaled(double[] logits, double temperature) {
        double[] scaled = new double[logits.length];
        for (int label = 0; label < logits.length; label++) {
            scaled[label] = logits[label] / temperature;
        }
        return Softmax.probabilities(scaled);
    }
}
