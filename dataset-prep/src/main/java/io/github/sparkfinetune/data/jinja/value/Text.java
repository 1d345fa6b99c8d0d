package io.github.sparkfinetune.data.jinja.value;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's rules for characters and words. */
public final class Text {
    private Text() {}

    /** Returns Python's {@code str.isspace} of a character. */
    public static boolean isSpace(int c) {
        return (c >= 9 && c <= 13)
                || (c >= 28 && c <= 32)
                || c == 0x85
                || c == 0xa0
                || Character.getType(c) == Character.SPACE_SEPARATOR
                || c == 0x2028
                || c == 0x2029;
    }

    /** Returns Python's {@code str.isprintable} of a character, except that the space counts as not printable here. */
    public static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    /**
     * Strips the characters of a set from the ends of a text.
     *
     * @param characters the set; null for white space
     */
    public static String strip(String text, String characters, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && strips(text.codePointAt(start), characters)) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && start < end && strips(text.codePointBefore(end), characters)) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static boolean strips(int c, String characters) {
        return characters == null ? isSpace(c) : characters.indexOf(c) >= 0;
    }

    /** Returns the lines of Python's {@code splitlines(keepends)}. */
    public static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029) {
                int end = i;
                if (c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
                    i++;
                }
                lines.add(text.substring(start, keepEnds ? i + 1 : end));
                start = i + 1;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    public static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    public static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /** Returns the text with its first character in title case and the others in lower case. */
    public static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        int titled = Character.toTitleCase(first);
        String start = Character.toString(titled);
        if (titled == first) {
            // Some letters, such as the sharp s, have two characters in upper case.
            String upper = upper(start);
            int initial = Character.charCount(upper.codePointAt(0));
            start = upper.substring(0, initial) + lower(upper.substring(initial));
        }
        return start + lower(text.substring(Character.charCount(first)));
    }

    /** Returns Python's {@code str.title}, which capitalizes every run of letters. */
    public static String title(String text) {
        StringBuilder to = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            to.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return to.toString();
    }

    /** Returns the UTF-16 index of a code point. */
    public static int unit(String text, long codePoint) {
        return text.offsetByCodePoints(0, (int) codePoint);
    }
}
