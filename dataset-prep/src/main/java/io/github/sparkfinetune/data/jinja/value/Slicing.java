package io.github.sparkfinetune.data.jinja.value;

import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.ArrayList;
import java.util.List;

/** {@code value[start:stop:step]} of a text, a list or a tuple. */
public final class Slicing {
    private Slicing() {}

    public static Object slice(Limits limits, Object value, Object start, Object stop, Object step) {
        if (value instanceof String text) {
            limits.text(text.length());
            StringBuilder to = new StringBuilder();
            int[] characters = text.codePoints().toArray();
            for (int i : indexes(characters.length, start, stop, step)) {
                to.appendCodePoint(characters[i]);
            }
            return to.toString();
        } else if (value instanceof List<?> list) {
            return slice(limits, list, start, stop, step);
        } else if (value instanceof Tuple tuple) {
            return new Tuple(slice(limits, tuple.items(), start, stop, step));
        } else if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw new TemplateFault("'" + Values.typeName(value) + "' object cannot be sliced");
    }

    private static List<Object> slice(Limits limits, List<?> list, Object start, Object stop, Object step) {
        List<Object> part = new ArrayList<>();
        for (int i : indexes(list.size(), start, stop, step)) {
            limits.step();
            part.add(list.get(i));
        }
        return part;
    }

    /** Returns the numbers of Python's {@code range(*slice(start, stop, step).indices(length))}. */
    private static int[] indexes(int length, Object start, Object stop, Object step) {
        long by = step == null ? 1 : Numbers.integer(step);
        if (by == 0) {
            throw new TemplateFault("slice step cannot be zero");
        }
        long lowest = by > 0 ? 0 : -1;
        long highest = by > 0 ? length : length - 1L;
        long from = start == null ? by > 0 ? lowest : highest : clamp(Numbers.integer(start), length, lowest, highest);
        long to = stop == null ? by > 0 ? highest : lowest : clamp(Numbers.integer(stop), length, lowest, highest);
        long count = by > 0 ? (to - from + by - 1) / by : (from - to - by - 1) / -by;
        if (by > 0 ? from >= to : from <= to) {
            count = 0;
        } else if (Math.abs(by) > length || by == Long.MIN_VALUE) {
            count = 1;
        }
        int[] indexes = new int[(int) count];
        for (int i = 0; i < count; i++) {
            indexes[i] = (int) (from + i * by);
        }
        return indexes;
    }

    private static long clamp(long index, int length, long lowest, long highest) {
        long at = index < 0 ? index + length : index;
        return Math.max(lowest, Math.min(highest, at));
    }
}
