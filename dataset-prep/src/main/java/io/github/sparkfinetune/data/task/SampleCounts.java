package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts over the samples of a shard or of a whole split. */
public final class SampleCounts implements Serializable {
    /** Why samples of parts of documents are left out of which nothing is predicted: wrapped packing makes such. */
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

    /**
     * @param labels number of labels
     * @param documents whether samples are made of documents
     */
    public SampleCounts(int labels, boolean documents) {
        this.samplesPerLabel = new long[labels];
        this.documents = documents;
    }

    /** Counts a row that came. */
    public void row(boolean truncated) {
        rows++;
        truncatedRows += truncated ? 1 : 0;
    }

    /** Counts a row that came, of which nothing is in a sample. */
    public void droppedRow(DropReason reason) {
        rows++;
        droppedRows++;
        unusableRows += reason == DropReason.OVERLONG ? 0 : 1;
        dropped.merge(reason.label(), 1L, Long::sum);
    }

    /** Counts a sample that was left out. */
    public void droppedSample(String reason) {
        dropped.merge(reason, 1L, Long::sum);
    }

    /**
     * Counts a sample.
     *
     * @param predicted its tokens that are predicted
     * @param labels ids of the labels that it has
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

    /** The smallest power of two that is not below. */
    private static int atMost(int length) {
        return length <= 1 ? 1 : Integer.highestOneBit(length - 1) << 1;
    }

    /** Adds another shard's or split's. */
    public SampleCounts plus(SampleCounts other) {
        rows += other.rows;
        droppedRows += other.droppedRows;
        unusableRows += other.unusableRows;
        truncatedRows += other.truncatedRows;
        samples += other.samples;
        tokens += other.tokens;
        labelTokens += other.labelTokens;
        longest = Math.max(longest, other.longest);
        other.lengths.forEach((length, count) -> lengths.merge(length, count, Long::sum));
        other.dropped.forEach((reason, count) -> dropped.merge(reason, count, Long::sum));
        for (int label = 0; label < samplesPerLabel.length; label++) {
            samplesPerLabel[label] += other.samplesPerLabel[label];
        }
        return this;
    }

    /** Rows that came, in whatever samples or in none. */
    public long rows() {
        return rows;
    }

    /** Rows that turned out to be unusable only when they were tokenized; an overlong one is left out on purpose. */
    public long unusableRows() {
        return unusableRows;
    }

    /** Samples that were written. */
    public long samples() {
        return samples;
    }

    /** Tokens of the longest sample. */
    public int longest() {
        return longest;
    }

    /** What is in no sample, by reason. */
    public Map<String, Long> dropped() {
        return Collections.unmodifiableMap(dropped);
    }

    /** As a manifest has it. */
    public Manifest.Split toSplit(List<Manifest.Shard> shards) {
        List<Long> perLabel =
                documents ? List.of() : Arrays.stream(samplesPerLabel).boxed().toList();
        Manifest.Documents made = documents ? new Manifest.Documents(rows - droppedRows, labelTokens, dropped) : null;
        return new Manifest.Split(samples, tokens, truncatedRows, perLabel, shards, made, lengths, null);
    }
}
