package io.github.sparkfinetune.data.jinja.value;

import io.github.sparkfinetune.data.jinja.value.Values.Markup;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import io.github.sparkfinetune.data.jinja.value.Values.View;
import java.util.List;
import java.util.Map;

/**
 * Python's {@code str(value)} and {@code repr(value)}, which show in rendered text: {@code None}, {@code True},
 * {@code {'a': 1.0}}.
 */
public final class Repr {
    private Repr() {}

    /** Returns the printed form of a value. */
    public static String string(Limits limits, Object value) {
        if (value instanceof String string) {
            return string;
        } else if (value instanceof Markup markup) {
            return markup.text();
        } else if (value instanceof Undefined) {
            return "";
        }
        return repr(limits, value);
    }

    public static String repr(Limits limits, Object value) {
        StringBuilder to = new StringBuilder();
        append(limits, to, value);
        return to.toString();
    }

    private static void append(Limits limits, StringBuilder to, Object value) {
        limits.enter();
        try {
            if (value == null) {
                to.append("None");
            } else if (value instanceof Boolean bool) {
                to.append(bool ? "True" : "False");
            } else if (value instanceof Double number) {
                to.append(Numbers.shown(number));
            } else if (value instanceof Number) {
                to.append(value);
            } else if (value instanceof String string) {
                quote(limits, to, string);
            } else if (value instanceof Undefined) {
                to.append("Undefined");
            } else if (value instanceof List<?> list) {
                items(limits, to, "[", list, "]");
            } else if (value instanceof Tuple tuple) {
                items(limits, to, "(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")");
            } else if (value instanceof View view && view.type().startsWith("dict_")) {
                items(limits, to, view.type() + "([", view.items(), "])");
            } else if (value instanceof Map<?, ?> map) {
                map(limits, to, map);
            } else {
                // Python would print a memory address.
                throw new TemplateFault("a value of type " + Values.typeName(value) + " cannot be printed");
            }
            limits.text(to.length() > Limits.MAX_TEXT ? to.length() : 0);
        } finally {
            limits.leave();
        }
    }

    private static void items(Limits limits, StringBuilder to, String begin, List<?> items, String end) {
        String separator = begin;
        for (Object item : items) {
            to.append(separator);
            append(limits, to, item);
            separator = ", ";
        }
        to.append(items.isEmpty() ? begin : "").append(end);
    }

    private static void map(Limits limits, StringBuilder to, Map<?, ?> map) {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            to.append(separator);
            append(limits, to, entry.getKey());
            to.append(": ");
            append(limits, to, entry.getValue());
            separator = ", ";
        }
        to.append(map.isEmpty() ? "{" : "").append('}');
    }

    private static void quote(Limits limits, StringBuilder to, String text) {
        limits.text(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        to.append(quote);
        text.codePoints().forEach(c -> {
            if (c == quote || c == '\\') {
                to.append('\\').append((char) c);
            } else if (c == '\n') {
                to.append("\\n");
            } else if (c == '\r') {
                to.append("\\r");
            } else if (c == '\t') {
                to.append("\\t");
            } else if (c == ' ' || Text.isPrintable(c)) {
                to.appendCodePoint(c);
            } else {
                to.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
            }
        });
        to.append(quote);
    }
}
