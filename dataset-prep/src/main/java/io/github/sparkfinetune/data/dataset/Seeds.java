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

    /** Use of a random value. Equal seeds and indexes give unrelated values for different purposes. */
    public enum Purpose {
        /** Order of the rows in the shards of a dataset. */
        ROW_ORDER(1),
        /** Choice of the held-out rows. */
        SPLIT(2),
        /** Order of the samples in an epoch. */
        SHUFFLE(3),
        /** Dropout masks. */
        DROPOUT(4),
        /** Initial values of new parameters. */
        INITIALISATION(5),
        /** Tokens sampled during generation. */
        GENERATION(6),
        /** Tokens that are masked in a training sample. */
        MASKING(7),
        /** Choice of the documents of a weighted source that are in a mix. */
        MIXTURE(8),
        /** Tokens that are masked in a held-out sample. */
        EVALUATION_MASKING(9),
        /** Hash functions that find near-duplicates. */
        MINHASH(10),
        /** Noise on embeddings. */
        EMBEDDING_NOISE(11),
        /** Tokens that stand for a teacher's unlikely tokens. */
        DISTILLATION(12),
        /** Settings of a search's trials. */
        SEARCH(13);

        // The number is part of the meaning of a seed: never change it, and never use it twice.
        private final long code;

        Purpose(long code) {
            this.code = code;
        }
    }

    private Seeds() {}

    /** Returns the base value of a purpose. */
    public static long derive(long seed, Purpose purpose) {
        return fold(mix(seed + GOLDEN_GAMMA), purpose.code);
    }

    /** Returns the value for one index. */
    public static long derive(long seed, Purpose purpose, long first) {
        return fold(derive(seed, purpose), first);
    }

    /** Returns the value for a pair of indexes. */
    public static long derive(long seed, Purpose purpose, long first, long second) {
        return fold(derive(seed, purpose, first), second);
    }

    /** Returns the value for three indexes. */
    public static long derive(long seed, Purpose purpose, long first, long second, long third) {
        return fold(derive(seed, purpose, first, second), third);
    }

    /** Folds one more index into a value: {@code derive(s, p, a, b) = fold(derive(s, p, a), b)}. */
    public static long fold(long value, long index) {
        return mix(value + term(index));
    }

    /** Returns the summand of an index: {@code fold(value, index) = mix(value + term(index))}. */
    public static long term(long index) {
        return GOLDEN_GAMMA * (index + 1);
    }

    /** Applies the finaliser, a bijection of 64-bit values. Every bit of the input affects every bit of the output. */
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
     * Maps a random value to [0, bound). The mapping keeps the order of the values read as unsigned; their upper 63
     * bits decide.
     *
     * @param bound in [1, 2^62)
     */
    public static long bounded(long value, long bound) {
        return Math.multiplyHigh(value >>> 1, bound << 1);
    }

    /** Returns the numbers [0, size) in random order: Fisher-Yates, where swap i is drawn from (value, i). */
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
