package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Metrics that are means over the samples. All are NaN without samples. Not thread-safe. */
abstract class MeanMetrics implements Metrics {
    private final List<String> names;
    /** Number of samples, then the sum of each metric. */
    private final double[] counts;

    /** @param counts counts of {@link #counts()}, or an array of zeros */
    MeanMetrics(List<String> names, double[] counts) {
        if (counts.length != 1 + names.size()) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.names = names;
        this.counts = counts;
    }

    /** Counts a sample's values, in the order of the names. */
    final void count(double... values) {
        counts[0]++;
        for (int i = 0; i < values.length; i++) {
            counts[1 + i] += values[i];
        }
    }

    @Override
    public final double[] counts() {
        return counts.clone();
    }

    @Override
    public final Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            values.put(names.get(i), counts[1 + i] / counts[0]);
        }
        return values;
    }
}
