package io.github.sparkfinetune.core.checkpoint;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Some consecutive values of a tensor, or all, as a checkpoint names them: {@code NAME[FROM:TO]} holds the values from
 * number FROM up to, not including, TO, counted from 0 in row-major order; {@code NAME} alone holds all.
 *
 * @param tensor its name
 * @param from first value
 * @param to the value after the last one, or {@link #ALL}
 */
public record TensorRange(String tensor, long from, long to) {
    /** To the end. */
    public static final long ALL = Long.MAX_VALUE;

    private static final Pattern PART = Pattern.compile("(.+)\\[(\\d{1,18}):(\\d{1,18})]");

    public TensorRange {
        if (from < 0 || to < from || (to == ALL && from > 0)) {
            throw new IllegalArgumentException(tensor + ": values " + from + " to " + to);
        }
    }

    /** The range that a checkpoint's tensor holds. */
    public static TensorRange ofName(String name) {
        Matcher part = PART.matcher(name);
        return part.matches()
                ? new TensorRange(part.group(1), Long.parseLong(part.group(2)), Long.parseLong(part.group(3)))
                : new TensorRange(name, 0, ALL);
    }

    /** Its name in a checkpoint. */
    public String name() {
        return to == ALL ? tensor : tensor + "[" + from + ":" + to + "]";
    }
}
