package io.github.sparkfinetune.core.generate;

/**
 * Logits in the order that a stable {@code torch.sort} gives them, equal ones by their token id, found as far as it is
 * asked for: a selection takes time in proportion to the number of logits, a full sort of a vocabulary many times that.
 * A key is a logit and its token in one number whose order is theirs.
 */
final class Ranking {
    private final long[] keys;
    /** By token, once {@link #lowest} has been asked for. */
    private final float[] probabilities;

    private int size;

    /** Room for the logits of a vocabulary. */
    Ranking(int vocabulary) {
        this.keys = new long[vocabulary];
        this.probabilities = new float[vocabulary];
    }

    /** Takes the logits that are not removed (-∞). */
    void load(float[] logits) {
        size = 0;
        for (int token = 0; token < logits.length; token++) {
            if (logits[token] > Float.NEGATIVE_INFINITY) {
                keys[size++] = key(logits[token], token);
            }
        }
    }

    int size() {
        return size;
    }

    /** The k-th highest logit, k from 1 to {@link #size}. */
    float highest(int k) {
        int wanted = size - k;
        int low = 0;
        int high = size - 1;
        while (low < high) {
            int middle = partition(low, high);
            if (wanted <= middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return logit(keys[wanted]);
    }

    /**
     * How many of the lowest logits have a share of the probability of at most {@code share} together; afterwards they
     * are the first ones, in no order. The highest one never belongs to them.
     *
     * @param share compared as a float with the cumulative probability as a float, as PyTorch does
     */
    int lowest(float share) {
        softmax();
        double below = 0;
        int low = 0;
        int high = size - 1;
        // Together with those below it a key left of low is within the share; that of high is not, or is the highest.
        while (low < high) {
            int middle = partition(low, high);
            double mass = mass(low, middle);
            if ((float) (below + mass) <= share) {
                below += mass;
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The token at a place. */
    int token(int place) {
        return (int) keys[place];
    }

    private void softmax() {
        float highest = highest(1);
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += Math.exp(logit(keys[i]) - highest);
        }
        for (int i = 0; i < size; i++) {
            probabilities[token(i)] = (float) (Math.exp(logit(keys[i]) - highest) / sum);
        }
    }

    private double mass(int from, int to) {
        double mass = 0;
        for (int i = from; i <= to; i++) {
            mass += probabilities[token(i)];
        }
        return mass;
    }

    /** Hoare's partition: afterwards no key of low … result is above one of result + 1 … high; neither is empty. */
    private int partition(int low, int high) {
        // Keys differ, so the median of three is never the highest, which would leave nothing to the right.
        long pivot = median(keys[low], keys[(low + high) >>> 1], keys[high]);
        int i = low - 1;
        int j = high + 1;
        while (true) {
            do {
                i++;
            } while (keys[i] < pivot);
            do {
                j--;
            } while (keys[j] > pivot);
            if (i >= j) {
                return j;
            }
            long swapped = keys[i];
            keys[i] = keys[j];
            keys[j] = swapped;
        }
    }

    private static long median(long a, long b, long c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }

    private static long key(float logit, int token) {
        // Adding 0 makes -0 the 0 that it equals.
        return (long) ordered(Float.floatToRawIntBits(logit + 0f)) << Integer.SIZE | token;
    }

    private static float logit(long key) {
        return Float.intBitsToFloat(ordered((int) (key >> Integer.SIZE)));
    }

    /** Between a float's bits and an integer of the same order; its own inverse. */
    private static int ordered(int bits) {
        return bits ^ (bits >> (Integer.SIZE - 1) & Integer.MAX_VALUE);
    }
}
