package io.github.sparkfinetune.data.corpus;

/**
 * Lines of a text, as Python's {@code str.splitlines} defines them: a line end at the end of the text begins no line.
 */
final class Lines {
    private final int[] text;
    private final int to;
    private int start;
    private int end;
    private int next;

    Lines(int[] text, int from, int to) {
        this.text = text;
        this.to = to;
        this.next = from;
    }

    /** Moves to the next line; returns false if there is none. */
    boolean next() {
        if (next >= to) {
            return false;
        }
        start = next;
        end = start;
        while (end < to && !CharClass.is(text[end], CharClass.LINE_END)) {
            end++;
        }
        boolean both = end + 1 < to && text[end] == '\r' && text[end + 1] == '\n';
        next = both ? end + 2 : end + 1;
        return true;
    }

    int start() {
        return start;
    }

    /** Returns the end of the line, without its line end. */
    int end() {
        return end;
    }
}
