package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Set;

/** Counts over the samples of a shard or of a whole split of what a model would learn badly from. */
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
     * Nothing yet.
     *
     * @param unknownId of the token that stands for what the vocabulary lacks; negative for a tokenizer without
     * @param endIds of the tokens that end a text; none where nothing is generated
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
            // Chat templates put a line end behind it.
            boolean ends = isEnd(sample.labels()[last]) || (last > from && isEnd(sample.labels()[last - 1]));
            ended += ends ? 1 : 0;
            from += length;
        }
    }

    private boolean isEnd(int id) {
        return Arrays.binarySearch(endIds, id) >= 0;
    }

    /** Adds another shard's. */
    public SampleChecks plus(SampleChecks other) {
        tokens += other.tokens;
        unknown += other.unknown;
        documents += other.documents;
        ended += other.ended;
        return this;
    }

    /** Share of the tokens that the vocabulary lacks. */
    public double unknownShare() {
        return tokens == 0 ? 0 : unknown / (double) tokens;
    }

    /**
     * Share of the documents of whose last two trained tokens one is that which ends a text; 1 where nothing is
     * generated.
     */
    public double endedShare() {
        return documents == 0 ? 1 : ended / (double) documents;
    }
}
