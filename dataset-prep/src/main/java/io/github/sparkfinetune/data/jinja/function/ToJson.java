package io.github.sparkfinetune.data.jinja.function;

import io.github.sparkfinetune.data.jinja.value.Arguments;
import io.github.sparkfinetune.data.jinja.value.Arithmetic;
import io.github.sparkfinetune.data.jinja.value.Comparison;
import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.Numbers;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Markup;
import io.github.sparkfinetune.data.jinja.value.Values.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The filter {@code tojson} as {@code transformers} defines it: Python's {@code json.dumps} with
 * {@code ensure_ascii=False}, no escapes for HTML, keys in their own order.
 */
final class ToJson {
    private final Limits limits;
    private final StringBuilder to = new StringBuilder();
    private final boolean ascii;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;

    private ToJson(Limits limits, Arguments.Bound options) {
        this.limits = limits;
        this.ascii = Values.isTrue(options.get(0, false));
        Object indent = options.get(1, null);
        this.indent = indent == null
                ? null
                : indent instanceof String text ? text : Arithmetic.repeat(limits, " ", Numbers.integer(indent));
        Object separators = options.get(2, null);
        List<Object> pair = separators == null ? null : Values.list(limits, separators);
        if (pair != null && pair.size() != 2) {
            throw new TemplateFault("tojson() takes two separators, not " + pair.size());
        }
        this.itemSeparator = pair == null ? indent == null ? ", " : "," : Values.text(pair.get(0));
        this.keySeparator = pair == null ? ": " : Values.text(pair.get(1));
        this.sorted = Values.isTrue(options.get(3, false));
    }

    static String filter(Object value, Arguments arguments, Limits limits) {
        ToJson json =
                new ToJson(limits, arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"));
        json.append(value, "\n");
        return json.to.toString();
    }

    /** @param newline line break and indentation of the level that the value is in */
    private void append(Object value, String newline) {
        limits.enter();
        try {
            if (value == null || value instanceof Boolean || value instanceof Number) {
                limits.append(to, scalar(value));
            } else if (value instanceof String text) {
                quote(text);
            } else if (value instanceof Markup markup) {
                quote(markup.text());
            } else if (value instanceof List || value instanceof Tuple) {
                items(Values.itemsOrNull(value), newline);
            } else if (value instanceof Map<?, ?> map) {
                map(map, newline);
            } else {
                throw new TemplateFault("Object of type " + Values.typeName(value) + " is not JSON serializable");
            }
        } finally {
            limits.leave();
        }
    }

    private static String scalar(Object value) {
        if (value == null) {
            return "null";
        } else if (value instanceof Double number) {
            return number.isNaN()
                    ? "NaN"
                    : number.isInfinite() ? number > 0 ? "Infinity" : "-Infinity" : Numbers.shown(number);
        }
        return value.toString();
    }

    private void items(List<Object> items, String newline) {
        String inner = indent == null ? "" : newline + indent;
        to.append('[');
        for (int i = 0; i < items.size(); i++) {
            limits.append(to, (i == 0 ? "" : itemSeparator) + inner);
            append(items.get(i), inner);
        }
        limits.append(to, (items.isEmpty() || indent == null ? "" : newline) + "]");
    }

    private void map(Map<?, ?> map, String newline) {
        String inner = indent == null ? "" : newline + indent;
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) {
            entries.sort((a, b) -> Comparison.order(limits, "<", a.getKey(), b.getKey()));
        }
        to.append('{');
        for (int i = 0; i < entries.size(); i++) {
            limits.append(to, (i == 0 ? "" : itemSeparator) + inner);
            Object key = entries.get(i).getKey();
            if (!(key instanceof String) && !(key instanceof Number) && !(key instanceof Boolean) && key != null) {
                throw new TemplateFault("keys must be str, int, float, bool or None, not " + Values.typeName(key));
            }
            quote(key instanceof String text ? text : scalar(key));
            limits.append(to, keySeparator);
            append(entries.get(i).getValue(), inner);
        }
        limits.append(to, (entries.isEmpty() || indent == null ? "" : newline) + "}");
    }

    private void quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int escape = "\"\\\n\r\t\f\b".indexOf(c);
            if (escape >= 0) {
                quoted.append('\\').append("\"\\nrtfb".charAt(escape));
            } else if (c < 0x20 || (ascii && c > 0x7f)) {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        limits.append(to, quoted.append('"').toString());
    }
}
