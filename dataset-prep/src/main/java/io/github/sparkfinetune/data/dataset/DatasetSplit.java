package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.data.files.Quoted;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Split of a dataset.
 *
 * @param rows number of samples
 * @param tokens tokens of the samples, special tokens included
 * @param truncated samples, or documents, that lost tokens to {@code data.max_length}
 * @param rowsPerLabel number of samples with each label, or with a token of each label, by label id; empty if there are
 *     no labels
 * @param shards files in storage order; the index of a sample in the split counts across all files
 * @param documents documents of the samples; absent (null) if a sample is a text with a label
 * @param lengths number of texts, or of the parts of texts that samples hold, by length: the key is a power of two, and
 *     counts lengths of at most the key and more than half the key; absent (empty) in datasets of earlier versions
 * @param side groups and times of the rows; absent (null) if rows stand alone
 */
public record DatasetSplit(
        long rows,
        long tokens,
        long truncated,
        List<Long> rowsPerLabel,
        List<Shard> shards,
        @JsonInclude(JsonInclude.Include.NON_NULL) Documents documents,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<Integer, Long> lengths,
        @JsonInclude(JsonInclude.Include.NON_NULL) Side side)
        implements Serializable {
    public DatasetSplit {
        rowsPerLabel = List.copyOf(rowsPerLabel);
        shards = List.copyOf(shards);
        lengths = lengths == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(lengths));
    }

    /** Makes a split whose lengths were not counted. */
    public DatasetSplit(
            long rows, long tokens, long truncated, List<Long> rowsPerLabel, List<Shard> shards, Documents documents) {
        this(rows, tokens, truncated, rowsPerLabel, shards, documents, Map.of(), null);
    }

    /** Returns this split with groups and times. */
    public DatasetSplit with(Side found) {
        return new DatasetSplit(rows, tokens, truncated, rowsPerLabel, shards, documents, lengths, found);
    }

    /**
     * Returns this split followed by the samples of another one. Groups and times are dropped, because the groups of
     * both cannot be counted by these numbers.
     */
    public DatasetSplit plus(DatasetSplit other) {
        Map<Integer, Long> sums = new TreeMap<>(lengths);
        other.lengths().forEach((length, count) -> sums.merge(length, count, Long::sum));
        return new DatasetSplit(
                rows + other.rows(),
                tokens + other.tokens(),
                truncated + other.truncated(),
                IntStream.range(0, rowsPerLabel.size())
                        .mapToObj(id ->
                                rowsPerLabel.get(id) + other.rowsPerLabel().get(id))
                        .toList(),
                Stream.concat(shards.stream(), other.shards().stream()).toList(),
                documents == null ? null : documents.plus(other.documents()),
                sums,
                null);
    }

    /**
     * Returns this split with some samples replaced.
     *
     * @param before counts of the samples that are replaced
     * @param after counts of the samples in their places
     * @param files all files of the split
     */
    public DatasetSplit replaced(DatasetSplit before, DatasetSplit after, List<Shard> files) {
        Map<Integer, Long> left = new TreeMap<>(lengths);
        after.lengths().forEach((length, count) -> left.merge(length, count, Long::sum));
        before.lengths().forEach((length, count) -> left.merge(length, -count, Long::sum));
        left.values().removeIf(count -> count <= 0);
        return new DatasetSplit(
                rows - before.rows() + after.rows(),
                tokens - before.tokens() + after.tokens(),
                truncated,
                IntStream.range(0, rowsPerLabel.size())
                        .mapToObj(id -> rowsPerLabel.get(id)
                                - before.rowsPerLabel().get(id)
                                + after.rowsPerLabel().get(id))
                        .toList(),
                files,
                documents == null ? null : documents.replaced(before.documents(), after.documents()),
                left,
                side);
    }

    /**
     * Groups and times of the rows of one split before tokenization.
     *
     * @param rows number of rows
     * @param by what rows of a group share, as {@link DatasetOptions#splitBy}; absent (null) without groups
     * @param groups number of groups
     * @param shared rows of a held-out split whose group has rows in the training split
     * @param from time of the oldest row; absent (null) without {@code data.split_by_time}
     * @param to time of the newest row; absent (null) without {@code data.split_by_time}
     */
    public record Side(
            long rows,
            @JsonInclude(JsonInclude.Include.NON_NULL) String by,
            long groups,
            long shared,
            @JsonInclude(JsonInclude.Include.NON_NULL) String from,
            @JsonInclude(JsonInclude.Include.NON_NULL) String to)
            implements Serializable {}

    /**
     * The documents of one split.
     *
     * @param count documents in the samples
     * @param labelTokens predicted tokens: tokens with a label, except the first token of each document; for masked-lm
     *     all tokens that may be masked
     * @param dropped documents in no sample, by {@link DropReason#label}; {@code unlabelled_sample} counts dropped
     *     samples that are parts of documents without a token to predict
     */
    public record Documents(long count, long labelTokens, Map<String, Long> dropped) implements Serializable {
        public Documents {
            dropped = Collections.unmodifiableMap(new TreeMap<>(dropped));
        }

        private Documents plus(Documents other) {
            Map<String, Long> sums = new TreeMap<>(dropped);
            other.dropped().forEach((reason, rows) -> sums.merge(reason, rows, Long::sum));
            return new Documents(count + other.count(), labelTokens + other.labelTokens(), sums);
        }

        private Documents replaced(Documents before, Documents after) {
            return new Documents(
                    count - before.count() + after.count(),
                    labelTokens - before.labelTokens() + after.labelTokens(),
                    dropped);
        }
    }

    /**
     * One Parquet file, see {@link io.github.sparkfinetune.data.dataset.parquet.SampleWriter}.
     *
     * @param file path within the dataset's folder, with {@code /}
     * @param bytes length of the file
     * @param rowGroups rows of each row group, in order
     */
    public record Shard(String file, long bytes, List<Integer> rowGroups) implements Serializable {
        private static final Pattern INSIDE = Pattern.compile("[^/\\\\:\\p{Cntrl}]+(/[^/\\\\:\\p{Cntrl}]+)*");

        public Shard {
            if (!INSIDE.matcher(file).matches() || List.of(file.split("/")).contains("..")) {
                throw new IllegalArgumentException(Quoted.name(file) + " is not a file in the dataset's folder");
            }
            rowGroups = List.copyOf(rowGroups);
        }

        /** Returns the number of rows, with those of erased samples. */
        public long rows() {
            return rowGroups.stream().mapToLong(Integer::longValue).sum();
        }
    }
}
