package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCounts;
import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.SplitKey;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Computes the {@link SplitKey} of the rows of one source. A key has the row's group, by {@code data.split_by} or by
 * the task, and the row's time, by {@code data.split_by_time}.
 *
 * @param columns columns of the group, or the column of the time
 * @param isTime whether the column is the time
 */
public record SplitKeys<C>(TaskData<C> task, List<String> columns, boolean isTime, long seed) implements Serializable {
    private static final String BY = "data.split_by";
    private static final String BY_TIME = "data.split_by_time";

    public SplitKeys {
        columns = List.copyOf(columns);
    }

    /**
     * Returns the split keys of a source; empty if the content of rows decides the split.
     *
     * @throws RunException if a column of the key does not exist
     */
    public static <C> Optional<SplitKeys<C>> of(RawSource source, TaskData<C> task, DataConfig data) {
        boolean isSplit = data.splitsOff() && Manifest.TRAIN.equals(source.split());
        boolean isHeldOut = data.splitsOff() || data.eval() != null || data.test() != null || hasHeldOut(data);
        if (source.split() == null || !isHeldOut) {
            return Optional.empty();
        }
        if (data.splitByTime() != null && isSplit) {
            source.requireColumns(BY_TIME, List.of(data.splitByTime()));
            return Optional.of(new SplitKeys<>(task, List.of(data.splitByTime()), true, data.seed()));
        }
        if (data.splitBy() == null) {
            return task.groupName().map(name -> new SplitKeys<>(task, List.of(), false, data.seed()));
        }
        List<String> columns = data.splitBy().names();
        if (columns.isEmpty()) {
            return Optional.empty();
        }
        if (isSplit) {
            source.requireColumns(BY, columns);
        } else if (!source.columns().containsAll(columns)) {
            return Optional.empty();
        }
        return Optional.of(new SplitKeys<>(task, columns, false, data.seed()));
    }

    /** Returns what the rows of a group share, in the words of the manifest; empty if there are no groups. */
    public static Optional<String> common(TaskData<?> task, DataConfig data) {
        if (data.splitBy() == null) {
            return task.groupName();
        }
        List<String> columns = data.splitBy().names();
        return columns.isEmpty() ? Optional.empty() : Optional.of(columns.toString());
    }

    private static boolean hasHeldOut(DataConfig data) {
        return !data.heldOut().isEmpty();
    }

    /** Returns the columns in which every row must have a value. */
    List<Reading.Column> required() {
        return isTime ? List.of(new Reading.Column(BY_TIME, columns.get(0), RowTime.NO_TIME, false)) : List.of();
    }

    /**
     * Refuses group columns that have no value in any training row.
     *
     * @param counts counts of the source
     */
    void requireGroups(RawSource source, RowCounts counts) {
        if (!isTime && !columns.isEmpty() && counts.grouped == 0 && Manifest.TRAIN.equals(source.split())) {
            throw RunException.config(BY + ": no row of " + source.path() + " has a value of "
                    + String.join(" and ", columns) + ", its columns are " + String.join(", ", source.columns()));
        }
    }

    /** Opens a finder for one partition. */
    public Finder open() {
        return new Finder();
    }

    /** Computes the keys of one partition. Not for concurrent use. */
    public final class Finder {
        private final ContentHash.Digest digest = new ContentHash.Digest();

        /**
         * Returns a row with its key. A row without a time becomes a bad row.
         *
         * @param value text of a column, by its index among {@link #columns}; null if the row has no value
         */
        public CleanRow<C> keyed(CleanRow<C> row, IntFunction<String> value) {
            if (row.badBecause() != null) {
                return row;
            }
            ContentHash found = isTime || columns.isEmpty() ? group(row) : group(value);
            long group = RowKey.splitHash(seed, (found == null ? row.hash() : found).second());
            if (!isTime) {
                return row.with(new SplitKey(group, group, found == null ? SplitKey.Kind.ALONE : SplitKey.Kind.GROUP));
            }
            try {
                RowTime time = RowTime.parse(value.apply(0));
                return row.with(new SplitKey(time.place(), group, time.kind()));
            } catch (UnusableRowException e) {
                return CleanRow.bad(row.file(), e.reason());
            }
        }

        /** Returns the task's group; null if the row has no group. */
        private ContentHash group(CleanRow<C> row) {
            byte[] group = task.group(row.content());
            return group.length == 0 ? null : digest.of(group);
        }

        /** Returns the group of the columns' values; null if a value is missing. */
        private ContentHash group(IntFunction<String> value) {
            byte[][] values = new byte[columns.size()][];
            for (int i = 0; i < values.length; i++) {
                String text = value.apply(i);
                if (text == null || text.isBlank()) {
                    return null;
                }
                values[i] = text.getBytes(StandardCharsets.UTF_8);
            }
            return digest.of(values);
        }
    }
}
