package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/**
 * How well scores separate the samples of a class from the others, as scikit-learn's {@code roc_auc_score} and
 * {@code average_precision_score}. Scores are probabilities, from 0 to 1. A score that is no number makes both figures
 * none.
 *
 * <p>Samples are counted by score, in at most {@code mostCells} cells. Both figures are exact as long as no more scores
 * differ. Then scores are rounded to the finest of 64 grids on which at most so many differ. A grid's step is relative:
 * to the score up to 0.5, to 1 minus the score above. Samples whose scores the grid made equal count as found in any
 * order. So the area under the ROC curve is wrong by at most half the share of pairs (a sample of the class and another
 * one) that the grid made equal. Of millions of samples with the scores of a model, 2^17 cells change the area by less
 * than 1e-6 and the average precision by less than 1e-5.
 *
 * <p>The grid follows from the samples alone. So the figures are the same however the samples are dealt to parts and in
 * whatever order the parts are added.
 */
final class BinaryScores {
    /** Cells of one class: 3 MB. */
    static final int MOST_CELLS = 1 << 17;

    private static final long HALF = Double.doubleToLongBits(0.5);
    /** Numbers before the cells of a part: the grid, whether a score was no number, how many cells there are. */
    private static final int HEADER = 3;

    private static final int CELL = 3;
    /** Bit of the keys of cells that hold different scores; a key has 63 bits. */
    private static final long MIXED = Long.MIN_VALUE;

    private final int mostCells;
    /** Bits of a key that the grid drops. */
    private int dropped;

    private boolean undefined;
    /** Cells in the order of their keys. */
    private Cells cells = new Cells(0);
    /** Keys of samples that are in no cell yet, each with its class as the last bit; see {@link #code}. */
    private long[] added = {};

    private int pending;

    /**
     * Cells with their counts, in the order of the scores.
     *
     * @param keys of the score of the cell; of one that holds different scores its place on the grid, and
     *     {@link #MIXED}
     * @param positives samples of the class
     * @param negatives other samples
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

    /** @param mostCells scores that may differ before they are rounded, at least 1 */
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
     * A place in the order of the scores as a number: the bits of a score up to 0.5; above, the bits of what is missing
     * to 1, subtracted from those of a score of 1. 1 minus a score above 0.5 is exact, so no two scores share a key.
     */
    private static long key(double score) {
        return score <= 0.5 ? Double.doubleToLongBits(score + 0.0) : 2 * HALF - Double.doubleToLongBits(1 - score);
    }

    /** Key and class in the order of signed numbers. */
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
            boolean ours = j == others.size() || (i < cells.size() && onGrid(cells.keys[i]) <= onGrid(others.keys[j]));
            size = ours ? append(all, size, cells, i++) : append(all, size, others, j++);
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
     * Adds a cell's counts to the last of some cells if both have the same place on the grid, else appends them.
     *
     * @param size cells that there are
     * @return cells that there are then
     */
    private int append(Cells to, int size, Cells from, int cell) {
        long key = from.keys[cell] < 0 ? onGrid(from.keys[cell]) | MIXED : from.keys[cell];
        boolean isNew = size == 0 || onGrid(to.keys[size - 1]) != onGrid(key);
        int at = isNew ? size : size - 1;
        // Where both are the same cells, at <= cell.
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

    /** The samples as numbers, at most {@code 3 + 3 mostCells}; see {@link #read}. */
    double[] toArray() {
        Cells all = counted();
        double[] numbers = new double[HEADER + CELL * all.size()];
        numbers[0] = dropped;
        numbers[1] = undefined ? 1 : 0;
        numbers[2] = all.size();
        for (int cell = 0; cell < all.size(); cell++) {
            int at = HEADER + CELL * cell;
            // A key's 63 bits are below those of infinity.
            numbers[at] = Double.longBitsToDouble(all.keys[cell]);
            numbers[at + 1] = all.positives[cell];
            numbers[at + 2] = all.negatives[cell];
        }
        return numbers;
    }

    /**
     * Adds the samples of a part.
     *
     * @param numbers of {@link #toArray} of the same number of cells, from {@code at} on
     * @return where they end
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

    /** Whether there are samples both of the class and of none. */
    boolean haveBoth() {
        return counted().samplesOfTheClass() > 0 && cells.otherSamples() > 0;
    }

    /**
     * Area under the curve of the true positive rate over the false positive rate: the probability that a sample of the
     * class scores higher than one that is not, where equal scores count half. NaN unless {@link #haveBoth}.
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
     * Σ (R_n - R_{n-1}) P_n over the distinct scores as thresholds, highest first, with recall R and precision P; 0
     * without a sample of the class.
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
            // Samples of one score are found together, those of different scores one after another.
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
