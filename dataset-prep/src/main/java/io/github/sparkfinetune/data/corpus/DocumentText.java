package io.github.sparkfinetune.data.corpus;

/**
 * A document as the filters see it: code points and words. The words are found when they are first needed. One object
 * serves one document after another.
 */
final class DocumentText {
    private final WordSplitter splitter = new WordSplitter();
    private final Words words = new Words();
    private int[] codePoints = new int[1024];
    private int length;
    private boolean split;
    private boolean changed;

    /** Replaces the document. */
    void set(String text) {
        if (codePoints.length < text.length()) {
            codePoints = new int[text.length() + text.length() / 2];
        }
        length = 0;
        int size = text.length();
        for (int i = 0; i < size; i++) {
            char character = text.charAt(i);
            if (Character.isHighSurrogate(character)) {
                codePoints[length++] = text.codePointAt(i++);
            } else {
                codePoints[length++] = character;
            }
        }
        split = false;
        changed = false;
    }

    /** Replaces the document by the code points in [from, to). */
    void set(int[] text, int from, int to) {
        if (codePoints.length < to - from) {
            codePoints = new int[to - from];
        }
        System.arraycopy(text, from, codePoints, 0, to - from);
        length = to - from;
        split = false;
        changed = true;
    }

    /** Returns whether the document differs from the text that it was set to. */
    boolean changed() {
        return changed;
    }

    @Override
    public String toString() {
        return new String(codePoints, 0, length);
    }

    /** Returns the code points; only the first {@link #length} belong to the document. */
    int[] codePoints() {
        return codePoints;
    }

    /** Returns the length in code points. */
    int length() {
        return length;
    }

    /** Returns whether the document is all white space. */
    boolean isBlank() {
        return skip(codePoints, 0, length, CharClass.SPACE) == length;
    }

    /** Returns the words of the document. */
    Words words() {
        if (!split) {
            words.clear();
            splitter.split(codePoints, 0, length, words);
            split = true;
        }
        return words;
    }

    /** Returns the first place in [from, to) that has none of the flags, or {@code to}. */
    static int skip(int[] text, int from, int to, int flags) {
        int at = from;
        while (at < to && CharClass.is(text[at], flags)) {
            at++;
        }
        return at;
    }

    /** Returns the place after the last one in [from, to) that has none of the flags, or {@code from}. */
    static int skipBack(int[] text, int from, int to, int flags) {
        int at = to;
        while (at > from && CharClass.is(text[at - 1], flags)) {
            at--;
        }
        return at;
    }

    /** Returns whether text in [from, to) ends with three full stops or with an ellipsis. */
    static boolean endsWithEllipsis(int[] text, int from, int to) {
        return to > from && (text[to - 1] == '…' || endsWithStops(text, from, to));
    }

    /** Returns whether text in [from, to) ends with three full stops. */
    static boolean endsWithStops(int[] text, int from, int to) {
        return to - 3 >= from && text[to - 1] == '.' && text[to - 2] == '.' && text[to - 3] == '.';
    }
}
