package io.github.sparkfinetune.data.corpus;

import java.util.Arrays;

/** Pieces of a text with their hashes, in the order of the text. */
public final class Words {
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private long[] hashes = new long[256];
    private int size;

    void clear() {
        size = 0;
    }

    void add(int start, int end, long hash) {
        if (size == starts.length) {
            starts = Arrays.copyOf(starts, 2 * size);
            ends = Arrays.copyOf(ends, 2 * size);
            hashes = Arrays.copyOf(hashes, 2 * size);
        }
        starts[size] = start;
        ends[size] = end;
        hashes[size++] = hash;
    }

    void set(int word, int start, int end, long hash) {
        starts[word] = start;
        ends[word] = end;
        hashes[word] = hash;
    }

    /** Keeps only the first words. */
    void truncate(int left) {
        size = left;
    }

    int size() {
        return size;
    }

    int start(int word) {
        return starts[word];
    }

    int end(int word) {
        return ends[word];
    }

    /** Returns the length of a word in code points. */
    int length(int word) {
        return ends[word] - starts[word];
    }

    long hash(int word) {
        return hashes[word];
    }
}
