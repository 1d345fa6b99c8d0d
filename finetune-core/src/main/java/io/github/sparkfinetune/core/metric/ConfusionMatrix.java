package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/** Counts of (true class, predicted class); counts of several ranks can be added. Not thread-safe. */
public final class ConfusionMatrix {
    private final int classes;
    private final double[] counts;

    /**
     * No counts yet.
     *
     * @param classes number of classes, at least 1
     */
    public ConfusionMatrix(int classes) {
        this(classes, new double[Math.multiplyExact(classes, classes)]);
    }

    private ConfusionMatrix(int classes, double[] counts) {
        if (classes < 1 || counts.length != classes * classes) {
            throw new IllegalArgumentException(classes + " classes, " + counts.length + " counts");
        }
        this.classes = classes;
        this.counts = counts;
    }

    /** Counts given by {@link #counts()}, e.g. after they were added over the ranks. */
    public static ConfusionMatrix ofCounts(int classes, double[] counts) {
        return new ConfusionMatrix(classes, counts.clone());
    }

    /** Counts one prediction. */
    public void add(int truth, int predicted) {
        if (truth < 0 || truth >= classes || predicted < 0 || predicted >= classes) {
            throw new IllegalArgumentException(
                    "truth " + truth + ", predicted " + predicted + " of " + classes + " classes");
        }
        counts[truth * classes + predicted]++;
    }

    /** Adds the counts of another part of the same samples. */
    public void add(ConfusionMatrix other) {
        if (other.classes != classes) {
            throw new IllegalArgumentException(other.classes + " classes added to " + classes);
        }
        Arrays.setAll(counts, i -> counts[i] + other.counts[i]);
    }

    /** A copy of the counts row by row, a row a true class; whole numbers, exact to 2^53. */
    public double[] counts() {
        return counts.clone();
    }

    /** The counts as a matrix: {@code [truth][predicted]}. */
    public long[][] toArray() {
        long[][] matrix = new long[classes][classes];
        for (int i = 0; i < counts.length; i++) {
            matrix[i / classes][i % classes] = (long) counts[i];
        }
        return matrix;
    }
}
