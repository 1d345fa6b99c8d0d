package io.github.sparkfinetune.core.local;

import io.github.sparkfinetune.data.task.CleanRow;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Counts of cleaned rows. */
final class RowCounts {
    final Map<String, Long> bad = new TreeMap<>();
    final Map<String, Long> strata = new TreeMap<>();
    final Map<String, Long> labels = new TreeMap<>();
    final Map<String, Long> rejected = new TreeMap<>();
    final Map<String, Long> masked = new TreeMap<>();
    long cut;
    long repaired;
    long duplicates;

    void add(CleanRow<?> row) {
        if (row.verdict().corpus() != null && row.badBecause() == null) {
            row.verdict()
                    .corpus()
                    .masked()
                    .forEach((kind, count) ->
                            masked.merge(kind.name().toLowerCase(Locale.ROOT), (long) count, Long::sum));
        }
        if (row.badBecause() != null) {
            (row.isRejected() ? rejected : bad).merge(row.badBecause(), 1L, Long::sum);
            return;
        }
        strata.merge(row.stratum(), 1L, Long::sum);
        row.labels().forEach(label -> labels.merge(label, 1L, Long::sum));
        cut += row.changes().cut() ? 1 : 0;
        repaired += row.changes().repaired() ? 1 : 0;
    }

    void plus(RowCounts other) {
        other.bad.forEach((reason, count) -> bad.merge(reason, count, Long::sum));
        other.rejected.forEach((reason, count) -> rejected.merge(reason, count, Long::sum));
        other.masked.forEach((kind, count) -> masked.merge(kind, count, Long::sum));
        cut += other.cut;
        repaired += other.repaired;
        duplicates += other.duplicates;
    }
}
