package io.github.sparkfinetune.data.jinja.value;

import io.github.sparkfinetune.data.jinja.value.Values.Markup;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Python's {@code ==}, {@code <} and {@code in}. */
public final class Comparison {
    private Comparison() {}

    public static boolean equal(Limits limits, Object a, Object b) {
        limits.enter();
        try {
            if (a == null || b == null) {
                return a == b;
            } else if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
                return !isNan(a) && !isNan(b) && order(a, b) == 0;
            } else if (a instanceof Markup || b instanceof Markup) {
                return string(a).equals(string(b));
            } else if (a instanceof String text) {
                limits.text(text.length());
                return text.equals(b);
            } else if (a instanceof List<?> x && b instanceof List<?> y) {
                return equalItems(limits, x, y);
            } else if (a instanceof Tuple x && b instanceof Tuple y) {
                return equalItems(limits, x.items(), y.items());
            } else if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
                return equalMaps(limits, x, y);
            }
            return a == b || (a instanceof Undefined && b instanceof Undefined);
        } finally {
            limits.leave();
        }
    }

    private static Object string(Object value) {
        return value instanceof Markup markup ? markup.text() : value;
    }

    private static boolean isNan(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    private static boolean equalItems(Limits limits, List<?> a, List<?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!equal(limits, a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalMaps(Limits limits, Map<?, ?> a, Map<?, ?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            if (!b.containsKey(entry.getKey()) || !equal(limits, entry.getValue(), b.get(entry.getKey()))) {
                return false;
            }
        }
        return true;
    }

    /** Returns {@code a operator b}, for an operator of {@code < <= > >=}. */
    public static boolean ordered(Limits limits, String operator, Object a, Object b) {
        if (a instanceof Undefined undefined) {
            throw undefined.fault();
        } else if (b instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (isNan(a) || isNan(b)) {
            return false;
        }
        int order = order(limits, operator, a, b);
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    /** Returns a negative number, zero or a positive number, as Python orders the two. */
    public static int order(Limits limits, String operator, Object a, Object b) {
        limits.enter();
        try {
            if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
                return order(a, b);
            } else if (a instanceof String x && b instanceof String y) {
                limits.text(Math.min(x.length(), y.length()));
                return order(x, y);
            } else if (a instanceof List<?> x && b instanceof List<?> y) {
                return orderItems(limits, operator, x, y);
            } else if (a instanceof Tuple x && b instanceof Tuple y) {
                return orderItems(limits, operator, x.items(), y.items());
            }
            throw new TemplateFault("'" + operator + "' not supported between instances of '" + Values.typeName(a)
                    + "' and '" + Values.typeName(b) + "'");
        } finally {
            limits.leave();
        }
    }

    private static int orderItems(Limits limits, String operator, List<?> a, List<?> b) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(limits, a.get(i), b.get(i))) {
                return order(limits, operator, a.get(i), b.get(i));
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    private static int order(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double x = ((Number) number(a)).doubleValue();
            double y = ((Number) number(b)).doubleValue();
            if (Double.isInfinite(x) || Double.isInfinite(y) || Double.isNaN(x) || Double.isNaN(y)) {
                return Double.compare(x, y);
            }
            return exact(a).compareTo(exact(b));
        }
        return exact(a).compareTo(exact(b));
    }

    private static Object number(Object value) {
        return value instanceof Boolean bool ? (Object) (bool ? 1L : 0L) : value;
    }

    private static BigDecimal exact(Object value) {
        Object number = number(value);
        if (number instanceof Long integer) {
            return BigDecimal.valueOf(integer);
        }
        return number instanceof BigInteger big ? new BigDecimal(big) : new BigDecimal((Double) number);
    }

    /** Compares texts by code points as Python does; Java compares UTF-16 units. */
    private static int order(String a, String b) {
        int i = 0;
        while (i < a.length() && i < b.length()) {
            int x = a.codePointAt(i);
            int y = b.codePointAt(i);
            if (x != y) {
                return Integer.compare(x, y);
            }
            i += Character.charCount(x);
        }
        return Integer.compare(a.length(), b.length());
    }

    /** Returns {@code element in container}. */
    public static boolean contains(Limits limits, Object container, Object element) {
        if (container instanceof String text) {
            if (!(element instanceof String part)) {
                throw element instanceof Undefined undefined
                        ? undefined.fault()
                        : new TemplateFault(
                                "'in <string>' requires string as left operand, not " + Values.typeName(element));
            }
            Splits.search(limits, text, part);
            return text.contains(part);
        } else if (container instanceof Map<?, ?> map) {
            return map.containsKey(Values.key(element));
        } else if (!Values.isIterable(container)) {
            throw new TemplateFault("argument of type '" + Values.typeName(container) + "' is not iterable");
        }
        for (Iterator<Object> i = Values.iterator(container); i.hasNext(); ) {
            if (equal(limits, i.next(), element)) {
                return true;
            }
        }
        return false;
    }
}
