package io.github.sparkfinetune.data.jinja.value;

import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.util.ArrayList;
import java.util.List;

/** Binary operators on numbers, and on texts and lists where Python allows them. */
public final class Arithmetic {
    private Arithmetic() {}

    /** Returns {@code a operator b} for {@code + - * / // % **}. */
    public static Object calculate(Limits limits, String operator, Object a, Object b) {
        if (operator.equals("%") && a instanceof String format) {
            return Formats.percent(limits, format, b);
        }
        if (a instanceof Undefined undefined) {
            throw undefined.fault();
        } else if (b instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.calculate(operator, a, b);
        }
        if (operator.equals("+")) {
            return sum(limits, a, b);
        } else if (operator.equals("*")) {
            Object sequence = Numbers.isNumber(a) ? b : a;
            Object count = Numbers.isNumber(a) ? a : b;
            if (count instanceof Long || count instanceof Boolean) {
                if (sequence instanceof String text) {
                    return repeat(limits, text, Numbers.integer(count));
                } else if (sequence instanceof List<?> list) {
                    return repeat(limits, list, Numbers.integer(count));
                }
            }
        }
        throw unsupported(operator, a, b);
    }

    private static Object sum(Limits limits, Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            limits.text((long) x.length() + y.length());
            return x + y;
        } else if (a instanceof List<?> x && b instanceof List<?> y) {
            return sum(limits, x, y);
        } else if (a instanceof Tuple x && b instanceof Tuple y) {
            return new Tuple(sum(limits, x.items(), y.items()));
        } else if (a instanceof String || a instanceof List || a instanceof Tuple) {
            String type = Values.typeName(a);
            throw new TemplateFault(
                    "can only concatenate " + type + " (not \"" + Values.typeName(b) + "\") to " + type);
        }
        throw unsupported("+", a, b);
    }

    private static List<Object> sum(Limits limits, List<?> a, List<?> b) {
        limits.list((long) a.size() + b.size());
        List<Object> sum = new ArrayList<>(a);
        sum.addAll(b);
        return sum;
    }

    private static TemplateFault unsupported(String operator, Object a, Object b) {
        return new TemplateFault("unsupported operand type(s) for " + operator + ": '" + Values.typeName(a) + "' and '"
                + Values.typeName(b) + "'");
    }

    /** Repeats a text. */
    public static String repeat(Limits limits, String text, long count) {
        long times = text.isEmpty() ? 0 : Math.max(0, count);
        limits.text(times > Limits.MAX_TEXT ? times : times * text.length());
        return text.repeat((int) times);
    }

    private static List<Object> repeat(Limits limits, List<?> list, long count) {
        long times = list.isEmpty() ? 0 : Math.max(0, count);
        limits.list(times > Limits.MAX_STEPS ? times : times * list.size());
        List<Object> repeated = new ArrayList<>();
        for (long i = 0; i < times; i++) {
            repeated.addAll(list);
        }
        return repeated;
    }
}
