package io.github.sparkfinetune.core.generate;

/**
 * Order of logits as a stable {@code torch.sort} gives it, with equal logits by their token id. Only the requested part
 * is sorted: a selection is linear in the number of logits, and a full sort of a vocabulary takes many times longer. A
 * key joins a logit and its token in one number with the same order.
 */
final class Ranking {
    private final long[] keys;
    /** Probabilities by token, once {@link #lowest} was called. */
    private final float[] probabilities;

    private int size;

    /** Allocates space for the logits of a vocabulary. */
    Ranking(int vocabulary) {
        this.keys = new long[vocabulary];
        this.probabilities = new float[vocabulary];
    }

    /** Loads the logits that are not removed (-∞). */
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

    /** Returns the k-th highest logit, k from 1 to {@link #size}. */
    float highest(int k) {
        int index = size - k;
        int low = 0;
        int high = size - 1;
        while (low < high) {
            int middle = partition(low, high);
            if (index <= middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return logit(keys[index]);
    }

    /**
     * Returns the number of lowest logits whose probabilities add up to at most {@code share}. Afterwards these logits
     * come first, in no order. The highest logit never belongs to them.
     *
     * @param share share, compared as a float with the cumulative probability as a float, as in PyTorch
     */
    int lowest(float share) {
        softmax();
        double below = 0;
        int low = 0;
        int high = size - 1;
        // The keys left of low are within the share together; with the key at high they are not, or it is the highest.
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

    /** Returns the token at an index of the order. */
    int token(int index) {
        return (int) keys[index];
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

    /**
     * Partitions keys by Hoare's scheme. Afterwards no key of low … result is above a key of result + 1 … high, and
     * neither part is empty.
     */
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
        // Adding 0 turns -0 into 0, which equals it.
        return (long) ordered(Float.floatToRawIntBits(logit + 0f)) << Integer.SIZE | token;
    }

    private static float logit(long key) {
        return Float.intBitsToFloat(ordered((int) (key >> Integer.SIZE)));
    }

    /** Maps a float's bits to an integer of the same order; the function is its own inverse. */
    private static int ordered(int bits) {
        return bits ^ (bits >> (Integer.SIZE - 1) & Integer.MAX_VALUE);
    }
}
