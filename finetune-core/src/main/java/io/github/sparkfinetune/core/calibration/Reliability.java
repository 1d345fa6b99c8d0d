package io.github.sparkfinetune.core.calibration;

import io.github.sparkfinetune.core.metric.Softmax;
import java.util.ArrayList;
import java.util.List;

/**
 * Confidence and accuracy of predictions, in {@value #BINS} bins of equal width by their confidence: the largest
 * probability.
 *
 * @param bins bins with predictions, by confidence
 */
public record Reliability(List<Bin> bins) {
    /** Number of bins, as Guo and others (2017) and netcal use it. */
    public static final int BINS = 15;

    /**
     * One bin.
     *
     * @param count number of predictions
     * @param confidence mean of their confidences
     * @param accuracy share of right predictions
     */
    public record Bin(long count, double confidence, double accuracy) {}

    public Reliability {
        bins = List.copyOf(bins);
    }

    /**
     * Counts predictions.
     *
     * @param probabilities probabilities of the labels of each sample
     * @param labels id of each sample's label
     */
    public static Reliability of(List<double[]> probabilities, int[] labels) {
        long[] counts = new long[BINS];
        double[] confidences = new double[BINS];
        long[] right = new long[BINS];
        for (int i = 0; i < labels.length; i++) {
            double[] own = probabilities.get(i);
            int best = Softmax.argmax(own);
            int bin = Math.min((int) (own[best] * BINS), BINS - 1);
            counts[bin]++;
            confidences[bin] += own[best];
            right[bin] += best == labels[i] ? 1 : 0;
        }
        List<Bin> bins = new ArrayList<>();
        for (int bin = 0; bin < BINS; bin++) {
            if (counts[bin] > 0) {
                bins.add(new Bin(counts[bin], confidences[bin] / counts[bin], right[bin] / (double) counts[bin]));
            }
        }
        return new Reliability(bins);
    }

    /** Returns the expected calibration error: the mean distance of confidence and accuracy, by predictions. */
    public double expectedCalibrationError() {
        double sum = 0;
        long all = 0;
        for (Bin bin : bins) {
            sum += bin.count() * Math.abs(bin.confidence() - bin.accuracy());
            all += bin.count();
        }
        return all == 0 ? 0 : sum / all;
    }
}
