package io.github.sparkfinetune.job;

import io.github.sparkfinetune.spark.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Formats a document's trace as aligned lines. */
public final class TraceText {
    private TraceText() {}

    /** Returns the lines of a trace. */
    public static List<String> lines(Trace trace) {
        List<String> lines = new ArrayList<>();
        if (trace.hash() != null) {
            lines.add("hash      " + trace.hash());
        }
        for (Trace.Source source : trace.sources()) {
            lines.add(format("source    %s: %s, in %s", source.key(), counted(source.rows(), "row"), source.file()));
            if (source.duplicates() > 0) {
                lines.add(format("          %s left out", counted(source.duplicates(), "duplicate")));
            }
        }
        if (trace.droppedBecause() != null) {
            lines.add("dropped   " + trace.droppedBecause());
        }
        for (Trace.Place place : trace.places()) {
            lines.add(format(
                    "%-10s%s, row %,d (sample %,d)%s",
                    place.split(), place.file(), place.row(), place.sample(), document(place)));
            place.uses()
                    .forEach(use -> lines.add(
                            format("used      epoch %d, step %,d, rank %d", use.epoch(), use.step(), use.rank())));
        }
        trace.group()
                .filter(group -> group.rows() > 1)
                .ifPresent(group -> lines.add(format(
                        "group     %s the same %s: they stay on its side of the split",
                        group.rows() == 2 ? "1 other row has" : format("%,d other rows have", group.rows() - 1),
                        group.by())));
        if (trace.others() > 0) {
            lines.add(format(
                    "          %s the same tokens: the samples may be of %s",
                    trace.others() == 1 ? "1 other document has" : format("%,d other documents have", trace.others()),
                    trace.others() == 1 ? "it" : "these"));
        }
        return lines;
    }

    private static String document(Trace.Place place) {
        return place.documents() == 1 ? "" : format(", document %,d of %,d", place.document() + 1, place.documents());
    }

    private static String counted(long count, String thing) {
        return format("%,d %s%s", count, thing, count == 1 ? "" : "s");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
