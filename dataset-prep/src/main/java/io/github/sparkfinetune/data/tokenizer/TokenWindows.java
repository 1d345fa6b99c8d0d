package io.github.sparkfinetune.data.tokenizer;

/**
 * Overlapping windows over a text's tokens, as a tokenizer of {@code transformers} makes them with
 * {@code return_overflowing_tokens} and {@code stride}.
 *
 * @param tokens number of tokens of the text
 * @param room tokens of a window
 * @param overlap tokens that a window shares with the one before, below {@code room}
 */
public record TokenWindows(int tokens, int room, int overlap) {
    public TokenWindows {
        if (overlap < 0 || overlap >= room) {
            throw new IllegalArgumentException("windows of " + room + " tokens share " + overlap);
        }
    }

    /** Returns the number of windows, at least 1. */
    public int count() {
        int step = room - overlap;
        return 1 + Math.max(0, tokens - room + step - 1) / step;
    }

    /** Returns the first token of a window. */
    public int start(int window) {
        return window * (room - overlap);
    }

    /** Returns the token after the last of a window. */
    public int end(int window) {
        return Math.min(start(window) + room, tokens);
    }

    /**
     * Returns the window in which each word has the most context. Among the windows with the first token of a word, it
     * is the one whose nearer end is farthest from the word; an end of the text counts as far, and the first of equally
     * good windows is taken. A later word is in the same window or a later one.
     *
     * @param firsts first token of each word, ascending; a word ends where the next word begins
     * @return window of each word
     */
    public int[] ofWords(int[] firsts) {
        int[] windows = new int[firsts.length];
        int window = 0;
        for (int word = 0; word < firsts.length; word++) {
            int first = firsts[word];
            int end = word + 1 < firsts.length ? firsts[word + 1] : tokens;
            while (window + 1 < count()
                    && start(window + 1) <= first
                    && (first >= end(window) || context(window + 1, first, end) > context(window, first, end))) {
                window++;
            }
            windows[word] = window;
        }
        return windows;
    }

    private int context(int window, int first, int end) {
        int before = window == 0 ? Integer.MAX_VALUE : first - start(window);
        int after = window + 1 == count() ? Integer.MAX_VALUE : end(window) - end;
        return Math.min(before, after);
    }
}
