package io.github.sparkfinetune.job;

import io.github.sparkfinetune.spark.explain.Explained;
import io.github.sparkfinetune.spark.explain.Explanation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Formats the first explanations of predictions as aligned lines. */
public final class ExplainText {
    /** Rows that are shown; the output folder has all. */
    private static final int ROWS = 3;
    /** Documents that are shown on each side of a row. */
    private static final int DOCUMENTS = 3;

    private static final int WIDTH = 60;

    private ExplainText() {}

    /** Returns a line on the whole, then the lines of the first rows. */
    public static List<String> lines(Explained explained) {
        List<String> lines = new ArrayList<>();
        lines.add(format(
                "explained %,d row(s) by %,d checkpoint(s)",
                explained.explanations().size(), explained.checkpoints()));
        if (explained.unusable() > 0) {
            lines.add(format(
                    "warning   %,d row(s) cannot be used; the first: %s", explained.unusable(), explained.reason()));
        }
        explained.explanations().stream().limit(ROWS).forEach(row -> {
            lines.add(format("row %-5d %s", row.index(), labelled(row.label(), row.text())));
            Stream.concat(
                            row.supporting().stream().limit(DOCUMENTS),
                            row.opposing().stream().limit(DOCUMENTS))
                    .forEach(document -> lines.add(line(document)));
        });
        return lines;
    }

    private static String line(Explanation.Document document) {
        return format(
                "%+9.1e %s%s",
                document.influence(),
                labelled(document.label(), document.text()),
                document.hash() == null ? "" : ", " + document.hash());
    }

    private static String labelled(String label, String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        String shown = line.length() <= WIDTH ? line : line.substring(0, WIDTH - 1) + "…";
        return label == null ? shown : label + ": " + shown;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
