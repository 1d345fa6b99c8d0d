package io.github.sparkfinetune.core.tensor;

import java.util.Map;

/**
 * Translation of Python code for the parser of TorchScript archives. {@code F.silu} becomes {@code torch.silu},
 * {@code torch.ops.aten} becomes {@code ops.aten}, and a dtype becomes the number of its {@code c10::ScalarType}. A
 * comma before a closing brace is removed. Strings and comments do not change.
 *
 * @param mapped code for archives, with as many lines
 * @param masked code with blanks instead of strings and comments, each line as long as before
 */
record ScriptNames(String mapped, String masked) {
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("torch.uint8", "0"),
            Map.entry("torch.int8", "1"),
            Map.entry("torch.int16", "2"),
            Map.entry("torch.int32", "3"),
            Map.entry("torch.int64", "4"),
            Map.entry("torch.qint8", "12"),
            Map.entry("torch.float16", "5"),
            Map.entry("torch.float32", "6"),
            Map.entry("torch.float64", "7"),
            Map.entry("torch.bool", "11"),
            Map.entry("torch.bfloat16", "15"),
            Map.entry("torch.autograd.grad", "torch.grad"));

    private static final Map<String, String> PREFIXES =
            Map.of("F.", "torch.", "torch.ops.", "ops.", "torch.linalg.", "torch.linalg_");

    /** Translates the code of a module. */
    static ScriptNames of(String text) {
        StringBuilder mapped = new StringBuilder(text.length());
        StringBuilder masked = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            char first = text.charAt(at);
            int end = at + 1;
            if (first == '#' || first == '"' || first == '\'') {
                end = first == '#' ? lineEnd(text, at) : stringEnd(text, at);
                mapped.append(text, at, end);
                blank(masked, text, at, end);
            } else if (isName(first) && (at == 0 || !isSelection(text.charAt(at - 1)))) {
                end = nameEnd(text, at);
                mapped.append(name(text.substring(at, end)));
                masked.append(text, at, end);
            } else {
                if (first != ',' || !closes(text, end)) {
                    mapped.append(first);
                }
                masked.append(first);
            }
            at = end;
        }
        return new ScriptNames(mapped.toString(), masked.toString());
    }

    private static int lineEnd(String text, int from) {
        int end = text.indexOf('\n', from);
        return end < 0 ? text.length() : end;
    }

    /**
     * Returns the end of the string that begins at a quote, or the index after the quote if the string does not end.
     */
    private static int stringEnd(String text, int from) {
        String quote = text.substring(from, from + 1);
        if (text.startsWith(quote.repeat(3), from)) {
            int close = text.indexOf(quote.repeat(3), from + 3);
            return close < 0 ? from + 1 : close + 3;
        }
        for (int i = from + 1; i < text.length() && text.charAt(i) != '\n'; i++) {
            if (text.charAt(i) == quote.charAt(0)) {
                return i + 1;
            }
            if (text.charAt(i) == '\\') {
                i++;
            }
        }
        return from + 1;
    }

    /** Returns the end of a name including its selections, such as {@code torch.nn}. */
    private static int nameEnd(String text, int from) {
        int end = from + 1;
        while (end < text.length()) {
            boolean selects = text.charAt(end) == '.' && end + 1 < text.length() && isName(text.charAt(end + 1));
            if (!selects && (text.charAt(end) == '.' || !isSelection(text.charAt(end)))) {
                return end;
            }
            end++;
        }
        return end;
    }

    private static boolean closes(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at < text.length() && text.charAt(at) == '}';
    }

    private static boolean isName(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }

    private static boolean isSelection(char c) {
        return isName(c) || (c >= '0' && c <= '9') || c == '.';
    }

    private static void blank(StringBuilder masked, String text, int from, int end) {
        for (int i = from; i < end; i++) {
            masked.append(text.charAt(i) == '\n' ? '\n' : ' ');
        }
    }

    private static String name(String name) {
        String whole = NAMES.get(name);
        if (whole != null) {
            return whole;
        }
        for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
            if (name.startsWith(prefix.getKey())) {
                return prefix.getValue() + name.substring(prefix.getKey().length());
            }
        }
        return name;
    }
}
