package io.github.sparkfinetune.data.pack;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Best-fit-decreasing bin packing ("Fewer Truncations Improve Language Modeling", arXiv 2404.10830), with the
 * tie-breaks of TRL's {@code pack_dataset}. The longest document comes first, and the first of equally long ones. It
 * goes into the fullest bin that has room for it, and of equally full bins into the one that has been that full for
 * longest. O(n log n).
 */
final class BestFitDecreasing {
    private BestFitDecreasing() {}

    /** A bin while it is filled. */
    private static final class Bin {
        private final List<Integer> documents = new ArrayList<>();
        private int space;

        Bin(int space) {
            this.space = space;
        }
    }

    /**
     * Packs documents.
     *
     * @param lengths tokens of each document; an empty document is left out, a longer one counts as cut at the size
     * @param size tokens of a bin
     * @return the documents of each bin, as places in {@code lengths}, in the order in which they were put in
     */
    static List<List<Integer>> bins(int[] lengths, int size) {
        List<Integer> order = IntStream.range(0, lengths.length)
                .filter(i -> lengths[i] > 0)
                .boxed()
                .sorted(Comparator.comparingInt(i -> -Math.min(lengths[i], size)))
                .toList();
        List<Bin> bins = new ArrayList<>();
        NavigableMap<Integer, Deque<Bin>> bySpace = new TreeMap<>();
        for (int document : order) {
            int length = Math.min(lengths[document], size);
            Bin bin = take(bySpace, length);
            if (bin == null) {
                bin = new Bin(size);
                bins.add(bin);
            }
            bin.documents.add(document);
            bin.space -= length;
            if (bin.space > 0) {
                bySpace.computeIfAbsent(bin.space, space -> new ArrayDeque<>()).addLast(bin);
            }
        }
        return bins.stream().map(bin -> bin.documents).toList();
    }

    private static Bin take(NavigableMap<Integer, Deque<Bin>> bySpace, int length) {
        Map.Entry<Integer, Deque<Bin>> best = bySpace.ceilingEntry(length);
        if (best == null) {
            return null;
        }
        Bin bin = best.getValue().removeFirst();
        if (best.getValue().isEmpty()) {
            bySpace.remove(best.getKey());
        }
        return bin;
    }
}
