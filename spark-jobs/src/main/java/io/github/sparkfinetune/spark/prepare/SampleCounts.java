package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts over the samples of a file or of a whole split. */
final class SampleCounts implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Rows that came, in whatever sample or in none. */
    long taken;
    /** Samples. */
    long rows;
    /** Tokens of the samples. */
    long tokens;
    /** Rows that lost tokens to {@code data.max_length}. */
    long truncated;
    /** Tokens of the longest sample. */
    int longest;
    /** Tokens that are predicted. */
    long labelTokens;
    /** What is in no sample, by reason. */
    final Map<String, Long> dropped = new TreeMap<>();

    private final long[] rowsPerLabel;
    private final boolean documents;

    /**
     * @param labels number of labels
     * @param documents whether samples are made of documents
     */
    SampleCounts(int labels, boolean documents) {
        this.rowsPerLabel = new long[labels];
        this.documents = documents;
    }

    /** Counts a sample. */
    void add(Sample sample) {
        rows++;
        tokens += sample.length();
        longest = Math.max(longest, sample.length());
        if (sample.label() >= 0) {
            rowsPerLabel[sample.label()]++;
        }
    }

    SampleCounts plus(SampleCounts other) {
        taken += other.taken;
        rows += other.rows;
        tokens += other.tokens;
        truncated += other.truncated;
        longest = Math.max(longest, other.longest);
        labelTokens += other.labelTokens;
        other.dropped.forEach((reason, count) -> dropped.merge(reason, count, Long::sum));
        for (int label = 0; label < rowsPerLabel.length; label++) {
            rowsPerLabel[label] += other.rowsPerLabel[label];
        }
        return this;
    }

    /** As a manifest has it. */
    Manifest.Split toSplit(List<Manifest.Shard> shards) {
        if (!documents) {
            return new Manifest.Split(
                    rows, tokens, truncated, Arrays.stream(rowsPerLabel).boxed().toList(), shards, null);
        }
        long kept = taken
                - dropped.entrySet().stream()
                        .filter(reason -> !reason.getKey().equals(DocumentSink.UNLABELLED_SAMPLE))
                        .mapToLong(Map.Entry::getValue)
                        .sum();
        return new Manifest.Split(
                rows, tokens, truncated, List.of(), shards, new Manifest.Documents(kept, labelTokens, dropped));
    }
}
