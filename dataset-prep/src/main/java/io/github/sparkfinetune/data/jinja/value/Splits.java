package io.github.sparkfinetune.data.jinja.value;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Python's {@code split}, {@code rsplit} and {@code replace}. */
public final class Splits {
    private Splits() {}

    /** Counts a search for a part of a text, which may compare each character of the text with many of the part. */
    public static void search(Limits limits, String text, String part) {
        limits.steps((int) Math.min(Limits.MAX_STEPS, text.length() / 16L * (1 + part.length() / 1024)));
    }

    public static String separator(String separator) {
        if (separator.isEmpty()) {
            throw new TemplateFault("empty separator");
        }
        return separator;
    }

    /**
     * Splits a text.
     *
     * @param separator separator; null to split at white space, without empty parts
     * @param most most splits; negative for all
     */
    public static List<Object> split(Limits limits, String text, String separator, long most) {
        search(limits, text, separator == null ? "" : separator);
        List<Object> parts = new ArrayList<>();
        int start = separator == null ? skipSpace(text, 0) : 0;
        while (start < text.length() || separator != null) {
            limits.step();
            int end = most >= 0 && parts.size() >= most
                    ? -1
                    : separator == null ? nextSpace(text, start) : text.indexOf(separator(separator), start);
            if (end < 0) {
                parts.add(text.substring(start));
                return parts;
            }
            parts.add(text.substring(start, end));
            start = separator == null ? skipSpace(text, end) : end + separator.length();
        }
        return parts;
    }

    public static List<Object> splitFromRight(Limits limits, String text, String separator, long most) {
        search(limits, text, separator == null ? "" : separator);
        List<Object> parts = new ArrayList<>();
        int end = separator == null ? withoutSpace(text, text.length()) : text.length();
        while (end > 0 || separator != null) {
            limits.step();
            int start = most >= 0 && parts.size() >= most
                    ? -1
                    : separator == null
                            ? lastSpace(text, end)
                            : text.lastIndexOf(separator(separator), end - separator.length());
            if (start < 0) {
                parts.add(text.substring(0, end));
                break;
            }
            int length = separator == null ? 1 : separator.length();
            parts.add(text.substring(start + length, end));
            end = separator == null ? withoutSpace(text, start) : start;
        }
        Collections.reverse(parts);
        return parts;
    }

    private static int skipSpace(String text, int from) {
        int at = from;
        while (at < text.length() && Text.isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static int withoutSpace(String text, int to) {
        int end = to;
        while (end > 0 && Text.isSpace(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    private static int nextSpace(String text, int from) {
        for (int at = from; at < text.length(); at++) {
            if (Text.isSpace(text.charAt(at))) {
                return at;
            }
        }
        return -1;
    }

    private static int lastSpace(String text, int to) {
        for (int at = to - 1; at >= 0; at--) {
            if (Text.isSpace(text.charAt(at))) {
                return at;
            }
        }
        return -1;
    }

    /** Returns Python's {@code text.replace(old, with, most)}; an empty {@code old} matches between all characters. */
    public static String replace(Limits limits, String text, String old, String with, long most) {
        search(limits, text, old);
        StringBuilder to = new StringBuilder();
        int start = 0;
        for (long done = 0; most < 0 || done < most; done++) {
            int at = old.isEmpty() && done > 0
                    ? start >= text.length() ? -1 : start + Character.charCount(text.codePointAt(start))
                    : text.indexOf(old, start);
            if (at < 0) {
                break;
            }
            limits.step();
            limits.append(to, text.substring(start, at));
            limits.append(to, with);
            start = at + old.length();
        }
        limits.append(to, text.substring(start));
        return to.toString();
    }
}
