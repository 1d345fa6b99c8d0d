package io.github.sparkfinetune.report.html;

import io.github.sparkfinetune.spark.folder.MetricsFile;
import java.util.Locale;

/** Numbers as text. A number that is missing or not finite is a dash. */
public final class Figures {
    /** Text in place of a number that is not known. */
    public static final String NONE = "–";

    private Figures() {}

    /**
     * Returns a number in a format.
     *
     * @param format format of a double
     */
    public static String of(String format, Double value) {
        return MetricsFile.isKnown(value) ? String.format(Locale.ROOT, format, value) : NONE;
    }

    public static String count(Long count) {
        return count == null ? NONE : String.format(Locale.ROOT, "%,d", count);
    }

    /** Returns the change from one number to another in percent. */
    public static String change(Double before, Double after) {
        return MetricsFile.isKnown(before) && MetricsFile.isKnown(after)
                ? of("%+.1f\u00a0%%", 100 * (after / before - 1))
                : NONE;
    }
}
