package io.github.sparkfinetune.data.tokenizer;

/**
 * Overlapping windows over a text's tokens, as a tokenizer of {@code transformers} makes them with
 * {@code return_overflowing_tokens} and {@code stride}.
 *
 * @param tokens of the text
 * @param room tokens of a window
 * @param overlap tokens that a window shares with the one before, below {@code room}
 */
public record TokenWindows(int tokens, int room, int overlap) {
    public TokenWindows {
        if (overlap < 0 || overlap >= room) {
            throw new IllegalArgumentException("windows of " + room + " tokens share " + overlap);
        }
    }

    /** Number of windows, at least 1. */
    public int count() {
        int step = room - overlap;
        return 1 + Math.max(0, tokens - room + step - 1) / step;
    }

    /** First token of a window. */
    public int start(int window) {
        return window * (room - overlap);
    }

    /** The token after a window's last. */
    public int end(int window) {
        return Math.min(start(window) + room, tokens);
    }

    /**
     * The windows in which some words see most of what is around them: of those with a word's first token the one whose
     * nearer end is farthest from the word, where the ends of the text count as far; the first of equals. Words that
     * follow each other are in the same window or in a later one.
     *
     * @param firsts first token of each word, ascending; a word ends where the next one begins
     * @return the window of each word
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
