package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts over the samples of a shard or of a whole split. */
public final class SampleCounts implements Serializable {
    /**
     * Reason why a sample of parts of documents is left out: nothing in it is predicted. Wrapped packing can make such
     * samples.
     */
    public static final String UNLABELLED_SAMPLE = "unlabelled_sample";

    private static final long serialVersionUID = 1L;

    private final long[] samplesPerLabel;
    private final boolean documents;
    private final Map<String, Long> dropped = new TreeMap<>();
    private final Map<Integer, Long> lengths = new TreeMap<>();
    private long rows;
    private long droppedRows;
    private long unusableRows;
    private long truncatedRows;
    private long samples;
    private long tokens;
    private long labelTokens;
    private int longest;
    private long leastRival = Long.MAX_VALUE;
    private long mostRival = Long.MIN_VALUE;

    /**
     * @param labels number of labels
     * @param documents true if samples are made of documents
     */
    public SampleCounts(int labels, boolean documents) {
        this.samplesPerLabel = new long[labels];
        this.documents = documents;
    }

    /** Counts a row that has a sample. */
    public void row(boolean truncated) {
        rows++;
        truncatedRows += truncated ? 1 : 0;
    }

    /** Counts a row that is in no sample. */
    public void droppedRow(DropReason reason) {
        rows++;
        droppedRows++;
        unusableRows += reason.isUnusable() ? 1 : 0;
        dropped.merge(reason.label(), 1L, Long::sum);
    }

    /** Counts a sample that was left out. */
    public void droppedSample(String reason) {
        dropped.merge(reason, 1L, Long::sum);
    }

    /**
     * Counts a sample.
     *
     * @param predicted number of its predicted tokens
     * @param labels ids of its labels
     */
    public void sample(Sample sample, long predicted, int... labels) {
        samples++;
        tokens += sample.length();
        labelTokens += predicted;
        longest = Math.max(longest, sample.length());
        for (int length : sample.documents()) {
            lengths.merge(atMost(length), 1L, Long::sum);
        }
        for (int label : labels) {
            samplesPerLabel[label]++;
        }
    }

    /** Counts a text that the texts of other samples are compared with, by its hash. */
    public void rival(long hash) {
        leastRival = Math.min(leastRival, hash);
        mostRival = Math.max(mostRival, hash);
    }

    /** Returns whether samples are compared with the texts of others, and all these texts are the same. */
    public boolean lacksRivals() {
        return leastRival == mostRival;
    }

    /** Returns the smallest power of two that is not below the length. */
    private static int atMost(int length) {
        return length <= 1 ? 1 : Integer.highestOneBit(length - 1) << 1;
    }

    /** Adds the counts of another shard or split. */
    public SampleCounts plus(SampleCounts other) {
        rows += other.rows;
        droppedRows += other.droppedRows;
        unusableRows += other.unusableRows;
        truncatedRows += other.truncatedRows;
        samples += other.samples;
        tokens += other.tokens;
        labelTokens += other.labelTokens;
        longest = Math.max(longest, other.longest);
        leastRival = Math.min(leastRival, other.leastRival);
        mostRival = Math.max(mostRival, other.mostRival);
        other.lengths.forEach((length, count) -> lengths.merge(length, count, Long::sum));
        other.dropped.forEach((reason, count) -> dropped.merge(reason, count, Long::sum));
        for (int label = 0; label < samplesPerLabel.length; label++) {
            samplesPerLabel[label] += other.samplesPerLabel[label];
        }
        return this;
    }

    /** Returns the number of rows, in samples or not. */
    public long rows() {
        return rows;
    }

    /**
     * Returns the number of rows that tokenization found unusable. Rows that are left out on purpose do not count, such
     * as overlong ones.
     */
    public long unusableRows() {
        return unusableRows;
    }

    /** Returns the number of written samples. */
    public long samples() {
        return samples;
    }

    /** Returns the number of tokens of the longest sample. */
    public int longest() {
        return longest;
    }

    /** Returns the numbers of rows and samples that were left out, by reason. */
    public Map<String, Long> dropped() {
        return Collections.unmodifiableMap(dropped);
    }

    /** Returns the counts as the split of a manifest. */
    public DatasetSplit toSplit(List<DatasetSplit.Shard> shards) {
        List<Long> perLabel =
                documents ? List.of() : Arrays.stream(samplesPerLabel).boxed().toList();
        DatasetSplit.Documents made =
                documents ? new DatasetSplit.Documents(rows - droppedRows, labelTokens, dropped) : null;
        return new DatasetSplit(samples, tokens, truncatedRows, perLabel, shards, made, lengths, null);
    }
}
