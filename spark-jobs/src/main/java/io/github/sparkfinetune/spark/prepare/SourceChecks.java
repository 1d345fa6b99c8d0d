package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a first pass must have found for the second to be worth its time. */
final class SourceChecks {
    private SourceChecks() {}

    static void require(SourceFiles source, SourceScan.Counts counts, DataConfig data, SourceReader<?> reader) {
        if (counts.rows == 0) {
            throw RunException.data(source.key() + ": " + source.path() + " has no rows: there must be text in it");
        }
        reader.requireColumns(source, counts);
        long bad = counts.badRows();
        if (bad > data.maxBadFraction() * counts.rows) {
            throw RunException.data(String.format(
                    Locale.ROOT,
                    "%s: %d of %d rows of %s cannot be used (%s), more than data.max_bad_fraction: %s allows: mend them"
                            + " or raise it",
                    source.key(),
                    bad,
                    counts.rows,
                    source.path(),
                    reasons(counts),
                    data.maxBadFraction()));
        }
        if (counts.labels.isEmpty()) {
            throw RunException.data(
                    source.key() + ": no row of " + source.path() + " can be used (" + reasons(counts) + ")");
        }
    }

    private static String reasons(SourceScan.Counts counts) {
        List<String> reasons = new ArrayList<>();
        counts.bad.forEach(
                (reason, count) -> reasons.add(reason + ": " + count + ", for one in " + counts.badFile.get(reason)));
        return String.join("; ", reasons);
    }

    /** Labels must be those of the training text; and there must be two to tell apart. */
    static void requireKnown(SourceFiles source, SourceScan.Counts counts, Labels labels) {
        if (labels.names().size() < 2) {
            throw RunException.data("data.train: every row has the label "
                    + labels.names().get(0) + ": classification needs at least two labels");
        }
        for (String label : counts.labels.keySet()) {
            if (labels.id(label) < 0) {
                throw RunException.data(source.key() + ": " + counts.labels.get(label) + " rows of " + source.path()
                        + " have the label " + label
                        + ", which data.train never has: add such rows to it or remove these");
            }
        }
    }
}
