package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.value.TemplateFault;

/** Decodes a quoted string of a template with Python's escapes; an unknown escape stays as it is. */
final class StringLiteral {
    private static final String PLAIN = "\\'\"abfnrtv";
    private static final String MEANING = "\\'\"\u0007\b\f\n\r\t\u000b";

    private StringLiteral() {}

    static String value(String quoted, int line) {
        int slash = quoted.indexOf('\\');
        if (slash < 0) {
            return quoted;
        }
        StringBuilder text = new StringBuilder(quoted.length());
        int at = 0;
        while (at < quoted.length()) {
            char c = quoted.charAt(at++);
            if (c != '\\') {
                text.append(c);
                continue;
            }
            char escape = quoted.charAt(at++);
            int plain = PLAIN.indexOf(escape);
            if (plain >= 0) {
                text.append(MEANING.charAt(plain));
            } else if (escape >= '0' && escape <= '7') {
                int end = at;
                while (end < quoted.length()
                        && end < at + 2
                        && quoted.charAt(end) >= '0'
                        && quoted.charAt(end) <= '7') {
                    end++;
                }
                text.append((char) Integer.parseInt(quoted.substring(at - 1, end), 8));
                at = end;
            } else if (escape == 'x' || escape == 'u' || escape == 'U') {
                int digits = escape == 'x' ? 2 : escape == 'u' ? 4 : 8;
                text.appendCodePoint(codePoint(quoted, at, digits, line));
                at += digits;
            } else if (escape == 'N') {
                throw new TemplateFault("characters by name (\\N{...}) are not supported", line);
            } else if (escape != '\n') {
                text.append('\\').append(escape);
            }
        }
        return text.toString();
    }

    private static int codePoint(String quoted, int at, int digits, int line) {
        String hex = quoted.substring(at, Math.min(quoted.length(), at + digits));
        boolean isHex = hex.length() == digits && hex.chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 128);
        long value = isHex ? Long.parseLong(hex, 16) : Long.MAX_VALUE;
        if (value > Character.MAX_CODE_POINT) {
            throw new TemplateFault("a string has a truncated or impossible \\x, \\u or \\U escape", line);
        }
        return (int) value;
    }
}
