package io.github.sparkfinetune.data.corpus.similar;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sets of {@link Shingles} that other sets are compared with. The similarity is exact; the time of a comparison depends
 * on the shingles in common, not on the number of sets.
 */
public final class ShingleIndex implements Serializable {
    private final double threshold;
    private final int[] sizes;
    /** Indices of the sets that have a shingle. */
    private final HashMap<Long, ArrayList<Integer>> having = new HashMap<>();

    /**
     * @param sets sets of distinct shingles
     * @param threshold least Jaccard similarity of similar sets, in (0, 1]
     */
    public ShingleIndex(List<long[]> sets, double threshold) {
        this.threshold = threshold;
        this.sizes = sets.stream().mapToInt(set -> set.length).toArray();
        for (int i = 0; i < sizes.length; i++) {
            for (long shingle : sets.get(i)) {
                having.computeIfAbsent(shingle, absent -> new ArrayList<>(1)).add(i);
            }
        }
    }

    /** Returns whether a set of distinct shingles is similar to one of the sets. An empty set is similar to none. */
    public boolean hasSimilar(long[] shingles) {
        Map<Integer, Integer> common = new HashMap<>();
        for (long shingle : shingles) {
            List<Integer> sets = having.get(shingle);
            if (sets != null) {
                sets.forEach(set -> common.merge(set, 1, Integer::sum));
            }
        }
        return common.entrySet().stream().anyMatch(pair -> {
            int union = shingles.length + sizes[pair.getKey()] - pair.getValue();
            return (double) pair.getValue() / union >= threshold;
        });
    }
}
