package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.SplitKey;
import java.io.Serializable;
import java.util.Locale;
import java.util.TreeMap;

/** Counts of the rows of a partition or of a whole source. */
public final class ScanCounts implements Serializable {
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

    /** Usable rows that are in a group. */
    public long grouped;
    /** Usable rows whose time is a date. */
    public long dates;
    /** Usable rows whose time is a number. */
    public long numbers;

    final TreeMap<String, String> badFile = new TreeMap<>();
    /** Usable rows of each stratum. */
    public final TreeMap<String, Long> strata = new TreeMap<>();
    /** Usable rows by label in their content. */
    public final TreeMap<String, Long> labels = new TreeMap<>();

    /**
     * Refuses sources with too many labels: the column then holds an identifier or the text itself.
     *
     * @throws RunException if there are more than {@value #MAX_LABELS} labels
     */
    void requireLabels() {
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

    /** Counts a usable row by its split key, which may be null. */
    void count(SplitKey keyOrNull) {
        if (keyOrNull != null) {
            grouped += keyOrNull.kind() == SplitKey.Kind.GROUP ? 1 : 0;
            dates += keyOrNull.kind() == SplitKey.Kind.DATE ? 1 : 0;
            numbers += keyOrNull.kind() == SplitKey.Kind.NUMBER ? 1 : 0;
        }
    }

    public ScanCounts plus(ScanCounts other) {
        rows += other.rows;
        grouped += other.grouped;
        dates += other.dates;
        numbers += other.numbers;
        cut += other.cut;
        repaired += other.repaired;
        other.bad.forEach((reason, count) -> bad.merge(reason, count, Long::sum));
        other.rejected.forEach((reason, count) -> rejected.merge(reason, count, Long::sum));
        other.masked.forEach((kind, count) -> masked.merge(kind, count, Long::sum));
        // The smallest name, so that the message does not depend on the order of tasks.
        other.badFile.forEach((reason, file) -> badFile.merge(reason, file, (a, b) -> a.compareTo(b) <= 0 ? a : b));
        other.strata.forEach((stratum, count) -> strata.merge(stratum, count, Long::sum));
        other.labels.forEach((label, count) -> labels.merge(label, count, Long::sum));
        requireLabels();
        return this;
    }

    /** Adds the empty files of text folders, which Spark's reader skips. */
    void addEmptyFiles(SourceFiles source) {
        if (source.listing().emptyTexts() > 0) {
            rows += source.listing().emptyTexts();
            bad.merge(UnusableRowException.EMPTY, source.listing().emptyTexts(), Long::sum);
            badFile.putIfAbsent(UnusableRowException.EMPTY, source.path());
        }
    }

    public long badRows() {
        return bad.values().stream().mapToLong(Long::longValue).sum();
    }

    public long rejectedRows() {
        return rejected.values().stream().mapToLong(Long::longValue).sum();
    }
}
