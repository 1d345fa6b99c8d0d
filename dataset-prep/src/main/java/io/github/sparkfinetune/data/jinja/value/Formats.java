package io.github.sparkfinetune.data.jinja.value;

import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Python's {@code '%s' % value} ({@code s r d i u f F x X o c %}) and {@code '{}'.format(value)} (plain fields only).
 */
public final class Formats {
    private static final Pattern PERCENT =
            Pattern.compile("%(?:\\(([^)]*)\\))?([-+ 0#]*)(\\d*)(?:\\.(\\d+))?([A-Za-z%])");
    private static final Pattern BRACES = Pattern.compile("\\{\\{|\\}\\}|\\{(\\d*|[A-Za-z_]\\w*)\\}|[{}]");
    private static final int MAX_WIDTH = 10_000;

    private Formats() {}

    /** Returns {@code format % values}, where values are a tuple, a dict for named fields, or a single value. */
    public static String percent(Limits limits, String format, Object values) {
        List<Object> positional =
                values instanceof Tuple tuple ? tuple.items() : java.util.Collections.singletonList(values);
        Matcher matcher = PERCENT.matcher(format);
        StringBuilder to = new StringBuilder();
        int used = 0;
        int at = 0;
        for (int next = format.indexOf('%'); next >= 0; next = format.indexOf('%', at)) {
            if (!matcher.region(next, format.length()).lookingAt()) {
                throw new TemplateFault("unsupported % format: '" + format + "'");
            }
            limits.append(to, format.substring(at, next));
            at = matcher.end();
            if (matcher.group(5).equals("%")) {
                limits.append(to, "%");
                continue;
            }
            Object value;
            if (matcher.group(1) != null) {
                if (!(values instanceof Map<?, ?> map) || !map.containsKey(matcher.group(1))) {
                    throw new TemplateFault("a % format asks for '" + matcher.group(1) + "', which is not there");
                }
                value = map.get(matcher.group(1));
                used = positional.size();
            } else if (used < positional.size()) {
                value = positional.get(used++);
            } else {
                throw new TemplateFault("not enough arguments for format string");
            }
            limits.append(to, converted(limits, matcher, value));
        }
        if (used < positional.size() && !(values instanceof Map)) {
            throw new TemplateFault("not all arguments converted during string formatting");
        }
        limits.append(to, format.substring(at));
        return to.toString();
    }

    private static String converted(Limits limits, Matcher format, Object value) {
        String flags = format.group(2);
        int precision = format.group(4) == null ? -1 : number(format.group(4));
        char type = format.group(5).charAt(0);
        String text;
        boolean numeric = true;
        switch (type) {
            case 's', 'r', 'c' -> {
                text = type == 'r' ? Repr.repr(limits, value) : Repr.string(limits, value);
                if (type == 'c' && (!(value instanceof String) || Values.length(limits, value) != 1)) {
                    throw new TemplateFault("the format c requires a character");
                }
                if (precision >= 0 && precision < Values.length(limits, text)) {
                    text = text.substring(0, Text.unit(text, precision));
                }
                numeric = false;
            }
            case 'd', 'i', 'u' ->
                text = Long.toString(
                        requireNumber(type, value) instanceof Double real
                                ? (long) real.doubleValue()
                                : Numbers.integer(value));
            case 'f', 'F' ->
                text = new BigDecimal(Numbers.real(requireNumber(type, value)))
                        .setScale(precision < 0 ? 6 : precision, RoundingMode.HALF_EVEN)
                        .toPlainString();
            case 'x' -> text = Long.toString(Numbers.integer(value), 16);
            case 'X' -> text = Text.upper(Long.toString(Numbers.integer(value), 16));
            case 'o' -> text = Long.toString(Numbers.integer(value), 8);
            default -> throw new TemplateFault("the format %" + type + " is not supported");
        }
        if (flags.contains("#") || (numeric && precision >= 0 && type != 'f' && type != 'F')) {
            throw new TemplateFault("the format '" + format.group() + "' is not supported");
        }
        String sign = "";
        if (numeric) {
            boolean negative = text.startsWith("-");
            sign = negative ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
            text = negative ? text.substring(1) : text;
        }
        long missing =
                (format.group(3).isEmpty() ? 0 : number(format.group(3))) - sign.length() - Values.length(limits, text);
        String padding =
                Arithmetic.repeat(limits, numeric && flags.contains("0") && !flags.contains("-") ? "0" : " ", missing);
        if (flags.contains("-")) {
            return sign + text + padding;
        }
        return padding.startsWith("0") ? sign + padding + text : padding + sign + text;
    }

    private static Object requireNumber(char type, Object value) {
        if (!Numbers.isNumber(value)) {
            throw new TemplateFault("%" + type + " format: a real number is required, not " + Values.typeName(value));
        }
        return value;
    }

    private static int number(String digits) {
        if (digits.length() > 5 || Integer.parseInt(digits) > MAX_WIDTH) {
            throw new TemplateFault("a format width of more than " + MAX_WIDTH);
        }
        return Integer.parseInt(digits);
    }

    /** Returns {@code self.format(arguments)}; fails for fields with attributes, conversions or formats. */
    public static String braces(Limits limits, String self, Arguments arguments) {
        Matcher matcher = BRACES.matcher(self);
        StringBuilder to = new StringBuilder();
        int next = 0;
        int at = 0;
        while (matcher.find()) {
            limits.append(to, self.substring(at, matcher.start()));
            at = matcher.end();
            String field = matcher.group(1);
            if (field == null) {
                if (matcher.group().length() == 1) {
                    throw new TemplateFault("unsupported format() field: '" + self + "'");
                }
                limits.append(to, matcher.group().substring(1));
            } else if (!field.isEmpty() && !Character.isDigit(field.charAt(0))) {
                if (!arguments.named().containsKey(field)) {
                    throw new TemplateFault("format() misses '" + field + "'");
                }
                limits.append(to, Repr.string(limits, arguments.named().get(field)));
            } else {
                int index = field.isEmpty() ? next++ : number(field);
                if (index >= arguments.positional().size()) {
                    throw new TemplateFault("format() is missing its argument " + index);
                }
                limits.append(to, Repr.string(limits, arguments.positional().get(index)));
            }
        }
        limits.append(to, self.substring(at));
        return to.toString();
    }
}
