package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.spark.prepare.generation.RowPieces;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;

/** Search for rows by the numbers of their documents ({@link RowPieces}), which follow each other in a split. */
public final class PieceSearch implements ErasedShards.Finder {
    private final Map<Long, List<long[]>> sought = new HashMap<>();
    private final boolean takesAll;

    private final LongStream.Builder pieces = LongStream.builder();
    private final LongStream.Builder samples = LongStream.builder();
    private final List<Integer> numbers = new ArrayList<>();
    private final Map<Long, Set<Integer>> found = new TreeMap<>();
    private boolean isSearched;
    private int rows;

    /**
     * @param sequences numbers of the documents of each row
     * @param takesAll whether every occurrence of a sequence is found; otherwise as many as there are sequences
     */
    public PieceSearch(Iterable<long[]> sequences, boolean takesAll) {
        this.takesAll = takesAll;
        sequences.forEach(sequence ->
                sought.computeIfAbsent(sequence[0], any -> new ArrayList<>()).add(sequence));
    }

    @Override
    public void add(Sample sample) {
        for (int document = 0; document < sample.documents().length; document++) {
            pieces.add(RowPieces.of(sample, document));
            samples.add(sample.index());
            numbers.add(document);
        }
    }

    private void search() {
        if (isSearched) {
            return;
        }
        isSearched = true;
        long[] all = pieces.build().toArray();
        long[] indexes = samples.build().toArray();
        int at = 0;
        while (at < all.length) {
            int length = take(all, at);
            rows += length > 0 ? 1 : 0;
            for (int piece = at; piece < at + length; piece++) {
                found.computeIfAbsent(indexes[piece], any -> new HashSet<>()).add(numbers.get(piece));
            }
            at += Math.max(1, length);
        }
    }

    /** Takes the longest sequence that begins at a document, and returns its length; 0 if there is none. */
    private int take(long[] all, int at) {
        List<long[]> sequences = sought.getOrDefault(all[at], List.of());
        long[] longest = null;
        for (long[] sequence : sequences) {
            boolean isLonger = longest == null || sequence.length > longest.length;
            if (isLonger && isAt(all, at, sequence)) {
                longest = sequence;
            }
        }
        if (longest == null) {
            return 0;
        }
        if (!takesAll) {
            sequences.remove(longest);
        }
        return longest.length;
    }

    private static boolean isAt(long[] all, int at, long[] sequence) {
        for (int i = 0; i < sequence.length; i++) {
            if (at + i >= all.length || all[at + i] != sequence[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Map<Long, Set<Integer>> documents() {
        search();
        return found;
    }

    @Override
    public int rows() {
        search();
        return rows;
    }
}
