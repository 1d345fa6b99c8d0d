package io.github.sparkfinetune.data.jinja;

import java.util.List;
import java.util.Map;

/**
 * Python's {@code str(value)} and {@code repr(value)}, which templates leak: {@code None}, {@code True}, {@code {'a':
 * 1.0}}.
 */
final class Repr {
    private Repr() {}

    /** What printing a value shows. */
    static String string(Run run, Object value) {
        if (value instanceof String string) {
            return string;
        } else if (value instanceof Markup markup) {
            return markup.text();
        } else if (value instanceof Undefined) {
            return "";
        }
        return repr(run, value);
    }

    static String repr(Run run, Object value) {
        StringBuilder to = new StringBuilder();
        append(run, to, value);
        return to.toString();
    }

    private static void append(Run run, StringBuilder to, Object value) {
        run.enter();
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
                quote(run, to, string);
            } else if (value instanceof Undefined) {
                to.append("Undefined");
            } else if (value instanceof List<?> list) {
                items(run, to, "[", list, "]");
            } else if (value instanceof Tuple tuple) {
                items(run, to, "(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")");
            } else if (value instanceof View view && view.type().startsWith("dict_")) {
                items(run, to, view.type() + "([", view.items(), "])");
            } else if (value instanceof Map<?, ?> map) {
                map(run, to, map);
            } else {
                // Python would print an address or the like.
                throw new TemplateFault("a value of type " + Values.typeName(value) + " cannot be printed");
            }
            run.text(to.length() > Run.MAX_TEXT ? to.length() : 0);
        } finally {
            run.leave();
        }
    }

    private static void items(Run run, StringBuilder to, String begin, List<?> items, String end) {
        String separator = begin;
        for (Object item : items) {
            to.append(separator);
            append(run, to, item);
            separator = ", ";
        }
        to.append(items.isEmpty() ? begin : "").append(end);
    }

    private static void map(Run run, StringBuilder to, Map<?, ?> map) {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            to.append(separator);
            append(run, to, entry.getKey());
            to.append(": ");
            append(run, to, entry.getValue());
            separator = ", ";
        }
        to.append(map.isEmpty() ? "{" : "").append('}');
    }

    private static void quote(Run run, StringBuilder to, String text) {
        run.text(text.length());
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
