package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/**
 * Area under the ROC curve and average precision of the scores of a class, as scikit-learn's {@code roc_auc_score} and
 * {@code average_precision_score}. Scores are probabilities from 0 to 1. If a score is NaN, both metrics are NaN.
 *
 * <p>Samples are counted by score, in at most {@code mostCells} cells. Both metrics are exact up to that number of
 * distinct scores. Beyond it, scores are rounded to the finest of 64 grids that leaves at most {@code mostCells}
 * distinct scores. A grid's step is relative: to the score up to 0.5, to 1 minus the score above. Samples whose scores
 * become equal on the grid count as found in any order. A pair is a sample of the class and another sample. The error
 * of the area under the ROC curve is at most half the share of pairs that became equal. For millions of samples with
 * the scores of a model, 2^17 cells change the area by less than 1e-6 and the average precision by less than 1e-5.
 *
 * <p>The grid depends on the samples only. Therefore the metrics do not depend on the division of samples into parts,
 * or on the order of the parts.
 */
final class BinaryScores {
    /** Maximum number of cells of one class: 3 MB. */
    static final int MOST_CELLS = 1 << 17;

    private static final long HALF = Double.doubleToLongBits(0.5);
    /** Numbers before the cells of a part: the grid, 1 if a score is NaN, the number of cells. */
    private static final int HEADER = 3;

    private static final int CELL = 3;
    /** Bit in the keys of cells that hold different scores; a key has 63 bits. */
    private static final long MIXED = Long.MIN_VALUE;

    private final int mostCells;
    /** Number of low bits of a key that the grid drops. */
    private int dropped;

    private boolean undefined;
    /** Cells in the order of their keys. */
    private Cells cells = new Cells(0);
    /** Keys of samples that are not yet in a cell, with the class as the last bit; see {@link #code}. */
    private long[] added = {};

    private int pending;

    /**
     * Cells with their counts, in the order of the scores.
     *
     * @param keys key of the cell's score; for a cell with different scores, the key on the grid with bit
     *     {@link #MIXED}
     * @param positives number of samples of the class
     * @param negatives number of other samples
     */
    private record Cells(long[] keys, double[] positives, double[] negatives) {
        Cells(int size) {
            this(new long[size], new double[size], new double[size]);
        }

        int size() {
            return keys.length;
        }

        Cells first(int count) {
            return new Cells(
                    Arrays.copyOf(keys, count), Arrays.copyOf(positives, count), Arrays.copyOf(negatives, count));
        }

        double samplesOfTheClass() {
            return Arrays.stream(positives).sum();
        }

        double otherSamples() {
            return Arrays.stream(negatives).sum();
        }
    }

    /** @param mostCells maximum number of distinct scores before scores are rounded, at least 1 */
    BinaryScores(int mostCells) {
        if (mostCells < 1) {
            throw new IllegalArgumentException(mostCells + " cells");
        }
        this.mostCells = mostCells;
    }

    /** Adds a sample. */
    void add(boolean ofTheClass, double score) {
        if (score < 0 || score > 1) {
            throw new IllegalArgumentException("score " + score);
        }
        undefined |= Double.isNaN(score);
        if (pending == added.length) {
            if (pending == mostCells) {
                count();
            } else {
                added = Arrays.copyOf(added, (int) Math.min(Math.max(16, 2L * pending), mostCells));
            }
        }
        added[pending++] = code(ofTheClass, Double.isNaN(score) ? 0 : score);
    }

    /**
     * Returns a number in the order of the scores. Up to 0.5 it is the bits of the score. Above, it is the bits of (1 -
     * score), subtracted from the key of a score of 1. The difference 1 - score is exact above 0.5, so no two scores
     * share a key.
     */
    private static long key(double score) {
        return score <= 0.5 ? Double.doubleToLongBits(score + 0.0) : 2 * HALF - Double.doubleToLongBits(1 - score);
    }

    /** Returns key and class as a number whose signed order is that of the scores. */
    private static long code(boolean ofTheClass, double score) {
        return (key(score) << 1 | (ofTheClass ? 1 : 0)) ^ Long.MIN_VALUE;
    }

    private long onGrid(long key) {
        return (key & ~MIXED) >>> dropped << dropped;
    }

    /** Puts the added samples into cells. */
    private void count() {
        Arrays.sort(added, 0, pending);
        Cells some = new Cells(pending);
        for (int i = 0; i < pending; i++) {
            long code = added[i] ^ Long.MIN_VALUE;
            some.keys[i] = code >>> 1;
            ((code & 1) == 1 ? some.positives : some.negatives)[i] = 1;
        }
        pending = 0;
        merge(some);
    }

    private void merge(Cells others) {
        Cells all = new Cells(cells.size() + others.size());
        int size = 0;
        int i = 0;
        int j = 0;
        while (i < cells.size() || j < others.size()) {
            boolean isFirst =
                    j == others.size() || (i < cells.size() && onGrid(cells.keys[i]) <= onGrid(others.keys[j]));
            size = isFirst ? append(all, size, cells, i++) : append(all, size, others, j++);
        }
        while (size > mostCells) {
            dropped++;
            int coarse = 0;
            for (int cell = 0; cell < size; cell++) {
                coarse = append(all, coarse, all, cell);
            }
            size = coarse;
        }
        cells = all.first(size);
    }

    /**
     * Adds a cell's counts to the last cell if both have the same key on the grid; else appends the cell.
     *
     * @param size number of cells before
     * @return number of cells after
     */
    private int append(Cells to, int size, Cells from, int cell) {
        long key = from.keys[cell] < 0 ? onGrid(from.keys[cell]) | MIXED : from.keys[cell];
        boolean isNew = size == 0 || onGrid(to.keys[size - 1]) != onGrid(key);
        int at = isNew ? size : size - 1;
        // If both are the same cells, at <= cell.
        double positives = from.positives[cell] + (isNew ? 0 : to.positives[at]);
        double negatives = from.negatives[cell] + (isNew ? 0 : to.negatives[at]);
        to.keys[at] = isNew || to.keys[at] == key ? key : onGrid(key) | MIXED;
        to.positives[at] = positives;
        to.negatives[at] = negatives;
        return at + 1;
    }

    private Cells counted() {
        if (pending > 0) {
            count();
        }
        return cells;
    }

    /** Returns the samples as at most {@code 3 + 3 mostCells} numbers; see {@link #read}. */
    double[] toArray() {
        Cells all = counted();
        double[] numbers = new double[HEADER + CELL * all.size()];
        numbers[0] = dropped;
        numbers[1] = undefined ? 1 : 0;
        numbers[2] = all.size();
        for (int cell = 0; cell < all.size(); cell++) {
            int at = HEADER + CELL * cell;
            // A key has fewer bits than infinity, so it is a finite number.
            numbers[at] = Double.longBitsToDouble(all.keys[cell]);
            numbers[at + 1] = all.positives[cell];
            numbers[at + 2] = all.negatives[cell];
        }
        return numbers;
    }

    /**
     * Adds the samples of a part.
     *
     * @param numbers result of {@link #toArray} with the same {@code mostCells}, from index {@code at} on
     * @return index after the part
     */
    int read(double[] numbers, int at) {
        Cells others = new Cells((int) numbers[at + 2]);
        for (int cell = 0; cell < others.size(); cell++) {
            int from = at + HEADER + CELL * cell;
            others.keys[cell] = Double.doubleToRawLongBits(numbers[from]);
            others.positives[cell] = numbers[from + 1];
            others.negatives[cell] = numbers[from + 2];
        }
        undefined |= numbers[at + 1] != 0;
        counted();
        dropped = Math.max(dropped, (int) numbers[at]);
        merge(others);
        return at + HEADER + CELL * others.size();
    }

    /** Returns whether there are samples of the class and other samples. */
    boolean haveBoth() {
        return counted().samplesOfTheClass() > 0 && cells.otherSamples() > 0;
    }

    /**
     * Returns the area under the curve of the true positive rate over the false positive rate. It is the probability
     * that a sample of the class scores higher than another sample; equal scores count half. NaN unless
     * {@link #haveBoth}.
     */
    double rocAuc() {
        if (!haveBoth() || undefined) {
            return Double.NaN;
        }
        double below = 0;
        double won = 0;
        for (int cell = 0; cell < cells.size(); cell++) {
            won += cells.positives[cell] * (below + cells.negatives[cell] / 2);
            below += cells.negatives[cell];
        }
        return won / (cells.samplesOfTheClass() * below);
    }

    /**
     * Returns the average precision Σ (R_n - R_{n-1}) P_n, with recall R and precision P, over the distinct scores as
     * thresholds, highest first; 0 without a sample of the class.
     */
    double averagePrecision() {
        if (counted().size() > 0 && undefined) {
            return Double.NaN;
        }
        double hits = 0;
        double others = 0;
        double sum = 0;
        for (int cell = cells.size() - 1; cell >= 0; cell--) {
            double positives = cells.positives[cell];
            double negatives = cells.negatives[cell];
            boolean isMixed = cells.keys[cell] < 0;
            // Samples with equal scores are found together, samples with different scores one after another.
            double found = isMixed ? (positives + 1) / 2 : positives;
            double foundOthers = isMixed ? negatives / 2 : negatives;
            if (positives > 0) {
                sum += positives * (hits + found) / (hits + found + others + foundOthers);
            }
            hits += positives;
            others += negatives;
        }
        return hits == 0 ? 0 : sum / hits;
    }
}
