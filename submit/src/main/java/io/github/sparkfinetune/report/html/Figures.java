package io.github.sparkfinetune.report.html;

import java.util.Locale;

/** Numbers as text. A number that is missing or not finite is a dash. */
public final class Figures {
    /** Text in place of a number that is not known. */
    public static final String NONE = "–";

    private Figures() {}

    public static boolean known(Double value) {
        return value != null && Double.isFinite(value);
    }

    /**
     * Returns a number in a format.
     *
     * @param format format of a double
     */
    public static String of(String format, Double value) {
        return known(value) ? String.format(Locale.ROOT, format, value) : NONE;
    }

    public static String count(Long count) {
        return count == null ? NONE : String.format(Locale.ROOT, "%,d", count);
    }

    /** Returns the change from one number to another in percent. */
    public static String change(Double before, Double after) {
        return known(before) && known(after) ? of("%+.1f\u00a0%%", 100 * (after / before - 1)) : NONE;
    }
}
