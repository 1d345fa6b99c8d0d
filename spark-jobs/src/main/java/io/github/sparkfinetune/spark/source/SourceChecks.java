package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCounts;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Checks of the counts of a first pass, before a second pass spends time on the source. */
public final class SourceChecks {
    private SourceChecks() {}

    public static void require(SourceReader.Rows<?> rows, RowCounts counts, DataConfig data) {
        SparkSource source = rows.source();
        if (counts.rows == 0) {
            throw RunException.data(source.key() + ": " + source.path() + " has no rows: there must be text in it");
        }
        requireUsable(rows, counts, data);
        if (counts.strata.isEmpty()) {
            throw RunException.data(source.key() + ": no row of " + source.path() + " is left (" + reasons(counts)
                    + (counts.rejected.isEmpty()
                            ? ")"
                            : (counts.bad.isEmpty() ? "" : "; ") + "data.corpus leaves out "
                                    + DataFunnel.reasons(counts.rejected) + ")"));
        }
        rows.keys().ifPresent(keys -> keys.requireGroups(source, counts));
    }

    /** Refuses a column that no row has, and too many bad rows. */
    public static void requireUsable(SourceReader.Rows<?> rows, RowCounts counts, DataConfig data) {
        SparkSource source = rows.source();
        if (source.format().hasOpenColumns()) {
            rows.columns().forEach(column -> requireColumn(source, counts, column));
        }
        long bad = counts.badRows();
        if (bad > data.maxBadFraction() * counts.rows) {
            throw RunException.data(String.format(
                    Locale.ROOT,
                    "%s: %d of %d rows of %s cannot be used (%s), more than data.max_bad_fraction: %s allows:"
                            + " %sfix the rows, or raise data.max_bad_fraction",
                    source.key(),
                    bad,
                    counts.rows,
                    source.path(),
                    reasons(counts),
                    data.maxBadFraction(),
                    source.format().hasQuotedFields()
                                    && !data.multiline()
                                    && counts.bad.containsKey(UnusableRowException.MALFORMED)
                            ? "if texts in quotes hold line ends, set data.multiline: true; otherwise "
                            : ""));
        }
    }

    private static String reasons(RowCounts counts) {
        List<String> reasons = new ArrayList<>();
        counts.bad.forEach(
                (reason, count) -> reasons.add(reason + ": " + count + ", such as in " + counts.badFile.get(reason)));
        return String.join("; ", reasons);
    }

    /** Refuses times that are dates in some rows and numbers in others, because they have no common order. */
    public static void requireOneKind(List<SourceScan> scans, DataConfig data) {
        long dates = scans.stream().mapToLong(scan -> scan.counts().dates).sum();
        long numbers = scans.stream().mapToLong(scan -> scan.counts().numbers).sum();
        if (dates > 0 && numbers > 0) {
            throw RunException.data(String.format(
                    Locale.ROOT,
                    "data.split_by_time: %s holds %,d dates and %,d numbers: use only dates or only numbers",
                    data.splitByTime(),
                    dates,
                    numbers));
        }
    }

    /** Refuses a column of JSON lines if no parsed row has it. */
    private static void requireColumn(SparkSource source, RowCounts counts, Reading.Column column) {
        long malformed = counts.bad.getOrDefault(UnusableRowException.MALFORMED, 0L);
        long without = counts.bad.getOrDefault(column.missing(), 0L);
        if (without > 0 && without == counts.rows - malformed) {
            throw RunException.config(column.key() + ": no row of " + source.path() + " has a column " + column.name()
                    + ", its columns are " + String.join(", ", source.reader().columnsOfRows(source)));
        }
    }

    /**
     * Refuses labels that the training data does not have.
     *
     * @param rowsPerLabel number of rows of each label of the source
     * @param labels labels of the training data
     * @param missing rest of the message: who does not have the label, and what to do
     */
    public static void requireKnown(
            SourceFiles source, Map<String, Long> rowsPerLabel, List<String> labels, String missing) {
        Set<String> known = new HashSet<>(labels);
        rowsPerLabel.forEach((label, rows) -> {
            if (!known.contains(label)) {
                throw RunException.data(source.key() + ": " + rows + " rows of " + source.path() + " have the label "
                        + label + ", which " + missing);
            }
        });
    }
}
