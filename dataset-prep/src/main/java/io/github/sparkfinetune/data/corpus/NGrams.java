package io.github.sparkfinetune.data.corpus;

/** Iterates over the n-grams of words. The hash of each n-gram is computed from the previous one. */
final class NGrams {
    private final Words words;
    private final int n;
    private final long highest;
    private int end;
    private int size;
    private long hash;
    private long characters;

    NGrams(Words words, int n) {
        this.words = words;
        this.n = n;
        long power = 1;
        for (int i = 1; i < n; i++) {
            power *= Hashes.FACTOR;
        }
        this.highest = power;
    }

    /** Moves to the next n-gram, which begins one word later; returns false if there is none. */
    boolean next() {
        if (size == n) {
            int first = end - n;
            hash -= words.hash(first) * highest;
            characters -= words.length(first);
            size--;
        }
        while (size < n && end < words.size()) {
            hash = hash * Hashes.FACTOR + words.hash(end);
            characters += words.length(end);
            end++;
            size++;
        }
        return size == n;
    }

    /** Makes the next n-gram begin behind the end of this one. */
    void skip() {
        size = 0;
        hash = 0;
        characters = 0;
    }

    /** Returns the hash of the n-gram. */
    long hash() {
        return hash;
    }

    /** Returns the number of characters of the n-gram's words. */
    long characters() {
        return characters;
    }
}
