package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.io.Serializable;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Counts of the cleaned rows of a part of a source, of a whole source, or of all sources. */
public final class RowCounts implements Serializable {
    private static final long serialVersionUID = 1L;
    /** With more labels the classifier's head would be larger than most base models. */
    private static final int MAX_LABELS = 10_000;

    private static final int SHOWN_LABEL = 40;

    public long rows;
    public long cut;
    public long repaired;
    public final TreeMap<String, Long> bad = new TreeMap<>();
    /** Rows that a filter leaves out, by reason; they are not bad rows. */
    public final TreeMap<String, Long> rejected = new TreeMap<>();
    /** Placeholders in usable rows, by kind. */
    public final TreeMap<String, Long> masked = new TreeMap<>();
    /** Replaced parts of usable rows, by entity of {@code data.redact}. */
    public final TreeMap<String, Long> redacted = new TreeMap<>();

    /** Usable rows that are in a group. */
    public long grouped;
    /** Usable rows whose time is a date. */
    public long dates;
    /** Usable rows whose time is a number. */
    public long numbers;

    /** Smallest name of the files that have bad rows, by reason. */
    public final TreeMap<String, String> badFile = new TreeMap<>();
    /** Usable rows of each stratum. */
    public final TreeMap<String, Long> strata = new TreeMap<>();
    /** Usable rows by label in their content. */
    public final TreeMap<String, Long> labels = new TreeMap<>();

    /**
     * Counts a row.
     *
     * @throws RunException if there are more than {@value #MAX_LABELS} labels
     */
    public void add(CleanRow<?> row) {
        rows++;
        if (row.isRejected()) {
            rejected.merge(row.badBecause(), 1L, Long::sum);
            return;
        }
        if (row.badBecause() != null) {
            bad.merge(row.badBecause(), 1L, Long::sum);
            badFile.merge(row.badBecause(), row.file(), RowCounts::smaller);
            return;
        }
        cut += row.changes().cut() ? 1 : 0;
        repaired += row.changes().repaired() ? 1 : 0;
        row.changes().redacted().forEach((entity, count) -> redacted.merge(entity, (long) count, Long::sum));
        strata.merge(row.stratum(), 1L, Long::sum);
        if (row.verdict().corpus() != null) {
            row.verdict()
                    .corpus()
                    .masked()
                    .forEach((kind, count) ->
                            masked.merge(kind.name().toLowerCase(Locale.ROOT), (long) count, Long::sum));
        }
        row.labels().forEach(label -> labels.merge(label, 1L, Long::sum));
        requireLabels();
        if (row.splitKey() != null) {
            grouped += row.splitKey().kind() == SplitKey.Kind.GROUP ? 1 : 0;
            dates += row.splitKey().kind() == SplitKey.Kind.DATE ? 1 : 0;
            numbers += row.splitKey().kind() == SplitKey.Kind.NUMBER ? 1 : 0;
        }
    }

    /** Refuses too many labels: the column then holds an identifier or the text itself. */
    private void requireLabels() {
        TreeMap<String, Long> most = strata.size() > labels.size() ? strata : labels;
        if (most.size() > MAX_LABELS) {
            throw RunException.data(String.format(
                    Locale.ROOT,
                    "data.label: there are more than %,d different labels, such as %s and %s: name the column of the"
                            + " label",
                    MAX_LABELS,
                    shown(most.firstKey()),
                    shown(most.lastKey())));
        }
    }

    private static String shown(String label) {
        String line = label.replaceAll("\\s+", " ");
        return "\"" + (line.length() > SHOWN_LABEL ? line.substring(0, SHOWN_LABEL) + "…" : line) + "\"";
    }

    /** The smaller name, so that messages do not depend on the order of tasks. */
    private static String smaller(String file, String other) {
        return file.compareTo(other) <= 0 ? file : other;
    }

    /**
     * Adds other counts to these counts, and returns these.
     *
     * @throws RunException if there are more than {@value #MAX_LABELS} labels
     */
    public RowCounts plus(RowCounts other) {
        rows += other.rows;
        grouped += other.grouped;
        dates += other.dates;
        numbers += other.numbers;
        cut += other.cut;
        repaired += other.repaired;
        other.bad.forEach((reason, count) -> bad.merge(reason, count, Long::sum));
        other.rejected.forEach((reason, count) -> rejected.merge(reason, count, Long::sum));
        other.redacted.forEach((entity, count) -> redacted.merge(entity, count, Long::sum));
        other.masked.forEach((kind, count) -> masked.merge(kind, count, Long::sum));
        other.badFile.forEach((reason, file) -> badFile.merge(reason, file, RowCounts::smaller));
        other.strata.forEach((stratum, count) -> strata.merge(stratum, count, Long::sum));
        other.labels.forEach((label, count) -> labels.merge(label, count, Long::sum));
        requireLabels();
        return this;
    }

    /** Adds empty files of text folders, which Spark's reader skips. */
    public void addEmptyFiles(long files, String folder) {
        if (files > 0) {
            rows += files;
            bad.merge(UnusableRowException.EMPTY, files, Long::sum);
            badFile.putIfAbsent(UnusableRowException.EMPTY, folder);
        }
    }

    public long badRows() {
        return bad.values().stream().mapToLong(Long::longValue).sum();
    }

    public long rejectedRows() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Returns the rows without a sample, by reason: bad rows, and rows that tokenization dropped. */
    public Map<String, Long> withoutSample(SampleCounts samples) {
        Map<String, Long> without = new TreeMap<>(bad);
        samples.dropped().forEach((reason, count) -> without.merge(reason, count, Long::sum));
        return without;
    }

    /**
     * Refuses too many rows without a sample. Some rows are found to be unusable only when they are tokenized.
     *
     * @param samples samples of these rows
     * @param hasTraining whether the training split has a sample
     * @throws RunException if more rows are unusable than {@code data.max_bad_fraction}, no training sample is left, or
     *     nothing can be learned from them
     */
    public void requireSamples(SampleCounts samples, boolean hasTraining, DataConfig data) {
        requireUsable(samples, data);
        if (!hasTraining) {
            throw RunException.data("data.train: no row gives a sample (" + DataFunnel.reasons(samples.dropped())
                    + "): raise data.max_length, or set data.overlong to truncate");
        }
        if (samples.lacksRivals()) {
            throw RunException.data("data.text_pair: " + data.textPair()
                    + " has the same text in all rows, so that nothing can be learned: name another column, or a column"
                    + " of texts that do not belong in embedding.negative");
        }
    }

    /**
     * Refuses too many rows without a sample.
     *
     * @param samples samples of these rows
     * @throws RunException if more rows are unusable than {@code data.max_bad_fraction}
     */
    public void requireUsable(SampleCounts samples, DataConfig data) {
        long unusable = badRows() + samples.unusableRows();
        if (samples.unusableRows() > 0 && unusable > data.maxBadFraction() * rows) {
            throw RunException.data("data.train: " + unusable + " of " + rows + " rows cannot be used ("
                    + DataFunnel.reasons(withoutSample(samples))
                    + "), more than data.max_bad_fraction: " + data.maxBadFraction()
                    + " allows: raise data.max_length, fix the rows, or raise data.max_bad_fraction");
        }
    }
}
