package io.github.sparkfinetune.core.checkpoint;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Consecutive values of a tensor, as a checkpoint names them: {@code NAME[FROM:TO]} holds the values from index FROM up
 * to, but not including, TO in row-major order; {@code NAME} holds all values.
 *
 * @param tensor name of the tensor
 * @param from index of the first value
 * @param to index after the last value, or {@link #ALL}
 */
public record TensorRange(String tensor, long from, long to) {
    /** The end of the tensor. */
    public static final long ALL = Long.MAX_VALUE;

    private static final Pattern PART = Pattern.compile("(.+)\\[(\\d{1,18}):(\\d{1,18})]");

    public TensorRange {
        if (from < 0 || to < from || (to == ALL && from > 0)) {
            throw new IllegalArgumentException(tensor + ": values " + from + " to " + to);
        }
    }

    /** Returns the range of a checkpoint's tensor. */
    public static TensorRange ofName(String name) {
        Matcher part = PART.matcher(name);
        return part.matches()
                ? new TensorRange(part.group(1), Long.parseLong(part.group(2)), Long.parseLong(part.group(3)))
                : new TensorRange(name, 0, ALL);
    }

    /** Returns the range's name in a checkpoint. */
    public String name() {
        return to == ALL ? tensor : tensor + "[" + from + ":" + to + "]";
    }
}
