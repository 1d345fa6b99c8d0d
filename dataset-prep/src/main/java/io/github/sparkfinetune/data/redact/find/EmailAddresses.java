package io.github.sparkfinetune.data.redact.find;

/** Finds e-mail addresses, starting from their {@code @}. */
public enum EmailAddresses {
    /** Letters and digits of ASCII; the local part is atoms separated by single points. */
    ASCII,
    /** Letters and digits of all scripts; several points may follow each other in the local part. */
    INTERNATIONAL;

    private static final String MARKS = "!#$%&'*+/=?^_`{|}~-";

    /**
     * Returns the start of the address whose {@code @} is at a place, or -1. The address begins at the first place
     * where a word begins or ends.
     *
     * @param from first place that may belong to the address
     */
    public int start(String text, int from, int at) {
        int first = at;
        while (first > from) {
            char before = text.charAt(first - 1);
            boolean point = before == '.' && first < at && (this == INTERNATIONAL || text.charAt(first) != '.');
            if (!point && !isAtom(before)) {
                break;
            }
            first--;
        }
        while (first < at && (text.charAt(first) == '.' || !isBoundary(text, first))) {
            first++;
        }
        return first < at ? first : -1;
    }

    /** Returns the end of the host that begins at a place, or -1: at least two labels separated by single points. */
    public int end(String text, int from) {
        int at = from;
        int labels = 0;
        int end = -1;
        while (at < text.length()) {
            int first = at;
            while (at < text.length() && (isLabel(text.charAt(at)) || text.charAt(at) == '-')) {
                at++;
            }
            int last = at;
            while (last > first && text.charAt(last - 1) == '-') {
                last--;
            }
            if (last == first || text.charAt(first) == '-') {
                break;
            }
            labels++;
            end = last;
            if (last < at || at == text.length() || text.charAt(at) != '.') {
                break;
            }
            at++;
        }
        return labels > 1 ? end : -1;
    }

    private boolean isBoundary(String text, int place) {
        boolean before = place > 0 && isWord(text.charAt(place - 1));
        return before != isWord(text.charAt(place));
    }

    private boolean isWord(char character) {
        return character == '_' || isAlphanumeric(character);
    }

    private boolean isAtom(char character) {
        return isAlphanumeric(character) || MARKS.indexOf(character) >= 0;
    }

    private boolean isLabel(char character) {
        return this == INTERNATIONAL ? isWord(character) : isAlphanumeric(character);
    }

    private boolean isAlphanumeric(char character) {
        return (this == INTERNATIONAL || character < 0x80) && Character.isLetterOrDigit(character);
    }
}
