package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Arithmetic;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Text;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Iterator;
import java.util.regex.Pattern;

/** Filters that make numbers. */
final class NumberFilters {
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d+(_\\d+)*");
    private static final Pattern REAL = Pattern.compile("[+-]?(\\d+(_\\d+)*\\.?(\\d+)?|\\.\\d+)([eE][+-]?\\d+)?");

    private NumberFilters() {}

    static Object sum(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("sum", 0, "attribute", "start");
        Object attribute = bound.get(0, null);
        Object sum = bound.get(1, 0L);
        for (Iterator<Object> items = Values.iterator(value); items.hasNext(); ) {
            Object item = items.next();
            Object term = attribute == null ? item : SelectionFilters.path(limits, item, attribute, null);
            sum = Arithmetic.calculate(limits, "+", sum, term);
        }
        return sum;
    }

    static Object integer(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("int", 0, "default", "base");
        if (bound.integer(1, 10) != 10) {
            throw new TemplateFault("the filter 'int' supports base 10 only");
        }
        if (value instanceof String text
                && INTEGER.matcher(trimmed(limits, text)).matches()) {
            try {
                return Long.valueOf(trimmed(limits, text).replace("_", ""));
            } catch (NumberFormatException e) {
                throw Numbers.tooLarge();
            }
        } else if (value instanceof Boolean || value instanceof Long) {
            return Numbers.integer(value);
        }
        Object real = parsed(limits, value);
        if (!(real instanceof Double number) || number.isNaN() || number.isInfinite()) {
            return bound.get(0, 0L);
        } else if (Math.abs(number) >= 0x1p63) {
            throw Numbers.tooLarge();
        } else {
            return number.longValue();
        }
    }

    static Object real(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("float", 0, "default");
        Object real = parsed(limits, value);
        return real == null ? bound.get(0, 0.0) : real;
    }

    /** Returns Python's {@code float(value)}, or null if the value is not a number. */
    private static Object parsed(Limits limits, Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        } else if (Numbers.isNumber(value)) {
            return Numbers.real(value);
        } else if (!(value instanceof String text)) {
            return null;
        } else if (REAL.matcher(trimmed(limits, text)).matches()) {
            return Double.valueOf(trimmed(limits, text).replace("_", ""));
        } else {
            return switch (Text.lower(trimmed(limits, text)).replaceFirst("^[+-]", "")) {
                case "inf", "infinity" ->
                    trimmed(limits, text).startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
                case "nan" -> Double.NaN;
                default -> null;
            };
        }
    }

    private static String trimmed(Limits limits, String text) {
        limits.text(text.length());
        return text.length() > 1000 ? "" : Text.strip(text, null, true, true);
    }

    static Object absolute(Object value, Arguments arguments, Limits limits) {
        arguments.bind("abs", 0);
        if (value instanceof Double number) {
            return Math.abs(number);
        }
        return Numbers.integer(value) < 0 ? Numbers.calculate("-", 0L, value) : (Object) Numbers.integer(value);
    }

    static Object round(Object value, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("round", 0, "precision", "method");
        long precision = bound.integer(0, 0);
        String method = bound.text(1, "common");
        if (Math.abs(precision) > 300) {
            throw new TemplateFault("round() to " + precision + " digits is not supported");
        }
        if (!(value instanceof Double number)) {
            if (precision < 0 || !method.equals("common")) {
                throw new TemplateFault("round() of an int to tens, up or down is not supported");
            }
            return Numbers.integer(value);
        }
        if (number.isNaN() || number.isInfinite()) {
            return number;
        }
        double scale = Math.pow(10, (double) precision);
        return switch (method) {
            case "common" ->
                new BigDecimal(number)
                        .setScale((int) precision, RoundingMode.HALF_EVEN)
                        .doubleValue();
            case "ceil" -> Math.ceil(number * scale) / scale;
            case "floor" -> Math.floor(number * scale) / scale;
            default -> throw new TemplateFault("method must be common, ceil or floor");
        };
    }
}
