package io.github.sparkfinetune.data.redact.find;

import java.util.Arrays;

/**
 * A text and its words that hold a digit, found in one pass. Most entities begin at such a word, and few words of prose
 * are one, so that recognisers need not search the text.
 */
final class ScannedText {
    private static final boolean[] ASCII_WORD = new boolean[0x80];

    static {
        for (char character = 0; character < ASCII_WORD.length; character++) {
            ASCII_WORD[character] = character == '_' || Character.isLetterOrDigit(character);
        }
    }

    private final String text;
    private int[] starts = new int[16];
    private int[] ends = new int[16];
    private int words;

    ScannedText(String text) {
        this.text = text;
        int start = -1;
        boolean digit = false;
        for (int at = 0; at < text.length(); at++) {
            char character = text.charAt(at);
            if (isWord(character)) {
                start = start < 0 ? at : start;
                digit |= isDigit(character);
            } else if (start >= 0) {
                add(start, at, digit);
                start = -1;
                digit = false;
            }
        }
        if (start >= 0) {
            add(start, text.length(), digit);
        }
    }

    private void add(int start, int end, boolean digit) {
        if (!digit) {
            return;
        }
        if (words == starts.length) {
            starts = Arrays.copyOf(starts, 2 * words);
            ends = Arrays.copyOf(ends, 2 * words);
        }
        starts[words] = start;
        ends[words++] = end;
    }

    String text() {
        return text;
    }

    /** Returns the number of words with a digit. */
    int words() {
        return words;
    }

    /** Returns the first character of a word with a digit. */
    int start(int word) {
        return starts[word];
    }

    /** Returns the character after a word with a digit. */
    int end(int word) {
        return ends[word];
    }

    /** Returns whether a character is a letter, a digit or an underscore. */
    static boolean isWord(char character) {
        return character < 0x80 ? ASCII_WORD[character] : Character.isLetterOrDigit(character);
    }

    /** Returns whether a place is outside of the text or not a letter, digit or underscore. */
    static boolean isOutside(String text, int at) {
        return at < 0 || at >= text.length() || !isWord(text.charAt(at));
    }

    static boolean isDigit(char character) {
        return character >= '0' && character <= '9';
    }

    /** Returns whether a place holds one of 0 to 9. */
    static boolean isDigit(String text, int at) {
        return at >= 0 && at < text.length() && isDigit(text.charAt(at));
    }
}
