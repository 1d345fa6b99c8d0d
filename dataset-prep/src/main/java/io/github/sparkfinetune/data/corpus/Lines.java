package io.github.sparkfinetune.data.corpus;

/** The lines of a text, as Python's {@code str.splitlines} has them: a line end at the end begins no further line. */
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

    /** Goes to the next line, if there is one. */
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

    /** Where it ends, without its line end. */
    int end() {
        return end;
    }
}
