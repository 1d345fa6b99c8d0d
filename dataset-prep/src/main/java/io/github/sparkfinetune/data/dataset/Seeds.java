package io.github.sparkfinetune.data.dataset;

/**
 * Random values as pure functions of (seed, purpose, indexes). Nothing has to be saved to continue a run, and no value
 * depends on which rank or thread asks for it, or in which order.
 *
 * <p>The mixer is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, variant 13 of David Stafford); each
 * index is folded in by one more round.
 */
public final class Seeds {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** What a random value is for: equal seeds and indexes give unrelated values for two purposes. */
    public enum Purpose {
        /** Order of the rows in the shards of a dataset. */
        ROW_ORDER(1),
        /** Which rows are held out. */
        SPLIT(2),
        /** Order of the samples in an epoch. */
        SHUFFLE(3),
        /** Dropout masks. */
        DROPOUT(4),
        /** Initial values of new parameters. */
        INITIALISATION(5),
        /** Tokens drawn while text is generated. */
        GENERATION(6),
        /** Tokens that are masked in a training sample. */
        MASKING(7),
        /** Which documents of a weighted source are in a mix. */
        MIXTURE(8),
        /** Tokens that are masked in a held-out sample. */
        EVALUATION_MASKING(9),
        /** Hash functions that find near-duplicates. */
        MINHASH(10),
        /** Noise on embeddings. */
        EMBEDDING_NOISE(11);

        // Part of what a seed means: a number here never changes and is never used twice.
        private final long code;

        Purpose(long code) {
            this.code = code;
        }
    }

    private Seeds() {}

    /** The base value of a purpose. */
    public static long derive(long seed, Purpose purpose) {
        return fold(mix(seed + GOLDEN_GAMMA), purpose.code);
    }

    /** A value for one index. */
    public static long derive(long seed, Purpose purpose, long first) {
        return fold(derive(seed, purpose), first);
    }

    /** A value for a pair of indexes. */
    public static long derive(long seed, Purpose purpose, long first, long second) {
        return fold(derive(seed, purpose, first), second);
    }

    /** A value for three indexes. */
    public static long derive(long seed, Purpose purpose, long first, long second, long third) {
        return fold(derive(seed, purpose, first, second), third);
    }

    /** A value derived from another and one more index: {@code derive(s, p, a, b) = fold(derive(s, p, a), b)}. */
    public static long fold(long value, long index) {
        return mix(value + GOLDEN_GAMMA * (index + 1));
    }

    /**
     * The finaliser: a bijection of the 64-bit values in which every bit of the input moves every bit of the output.
     */
    public static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Maps a random value to [0, 1), in steps of 2^-53. */
    public static double unit(long value) {
        return (value >>> 11) * 0x1.0p-53;
    }

    /**
     * Maps a random value to [0, bound), in the order of the value read as unsigned (its upper 63 bits decide).
     *
     * @param bound in [1, 2^62)
     */
    public static long bounded(long value, long bound) {
        return Math.multiplyHigh(value >>> 1, bound << 1);
    }

    /** The numbers [0, size) in random order: Fisher-Yates, whose i-th exchange is drawn from (value, i). */
    public static int[] permutation(int size, long value) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = (int) bounded(fold(value, i), i + 1L);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
