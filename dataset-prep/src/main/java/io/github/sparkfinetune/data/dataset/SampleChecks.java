package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Set;

/** Counts signs of bad training data over the samples of a shard or of a whole split. */
public final class SampleChecks implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final int NONE = -1;

    private final int unknownId;
    private final int[] endIds;
    private long tokens;
    private long unknown;
    private long documents;
    private long ended;

    /**
     * Creates empty counts.
     *
     * @param unknownId id of the unknown token; negative for a tokenizer without
     * @param endIds ids of the tokens that end a text; empty if the task generates nothing
     */
    public SampleChecks(int unknownId, Set<Integer> endIds) {
        this.unknownId = unknownId;
        this.endIds = endIds.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /** Counts a sample. */
    public void add(Sample sample) {
        for (int id : sample.inputIds()) {
            tokens++;
            unknown += id == unknownId && unknownId != NONE ? 1 : 0;
        }
        if (endIds.length == 0) {
            return;
        }
        int from = 0;
        for (int length : sample.documents()) {
            int last = from + length - 1;
            while (last > from && sample.labels()[last] == Sample.IGNORED) {
                last--;
            }
            documents++;
            // Chat templates put a line end behind the end token.
            boolean ends = isEnd(sample.labels()[last]) || (last > from && isEnd(sample.labels()[last - 1]));
            ended += ends ? 1 : 0;
            from += length;
        }
    }

    private boolean isEnd(int id) {
        return Arrays.binarySearch(endIds, id) >= 0;
    }

    /** Adds the counts of another shard. */
    public SampleChecks plus(SampleChecks other) {
        tokens += other.tokens;
        unknown += other.unknown;
        documents += other.documents;
        ended += other.ended;
        return this;
    }

    /** Returns the share of unknown tokens. */
    public double unknownShare() {
        return tokens == 0 ? 0 : unknown / (double) tokens;
    }

    /**
     * Returns the share of documents with an end token among their last two trained tokens; 1 if the task generates
     * nothing.
     */
    public double endedShare() {
        return documents == 0 ? 1 : ended / (double) documents;
    }
}
