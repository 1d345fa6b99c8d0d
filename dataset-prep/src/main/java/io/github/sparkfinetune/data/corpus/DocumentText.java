package io.github.sparkfinetune.data.corpus;

/**
 * A document as the filters see it: its code points, and its words, which are found when they are first asked for. One
 * object is used for one document after the other.
 */
final class DocumentText {
    private final WordSplitter splitter = new WordSplitter();
    private final Words words = new Words();
    private int[] codePoints = new int[1024];
    private int length;
    private boolean split;
    private boolean changed;

    /** Makes this another document. */
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

    /** Makes this another document: the code points in [from, to). */
    void set(int[] text, int from, int to) {
        if (codePoints.length < to - from) {
            codePoints = new int[to - from];
        }
        System.arraycopy(text, from, codePoints, 0, to - from);
        length = to - from;
        split = false;
        changed = true;
    }

    /** Whether it isn't what was set as text any more. */
    boolean changed() {
        return changed;
    }

    @Override
    public String toString() {
        return new String(codePoints, 0, length);
    }

    /** Its code points, of which only the first {@link #length} belong to it. */
    int[] codePoints() {
        return codePoints;
    }

    /** Its length in code points. */
    int length() {
        return length;
    }

    /** Whether it holds nothing but white space. */
    boolean isBlank() {
        return skip(codePoints, 0, length, CharClass.SPACE) == length;
    }

    /** Its words. */
    Words words() {
        if (!split) {
            words.clear();
            splitter.split(codePoints, 0, length, words);
            split = true;
        }
        return words;
    }

    /** The first place in [from, to) that has none of the flags, or {@code to}. */
    static int skip(int[] text, int from, int to, int flags) {
        int at = from;
        while (at < to && CharClass.is(text[at], flags)) {
            at++;
        }
        return at;
    }

    /** The place after the last one in [from, to) that has none of the flags, or {@code from}. */
    static int skipBack(int[] text, int from, int to, int flags) {
        int at = to;
        while (at > from && CharClass.is(text[at - 1], flags)) {
            at--;
        }
        return at;
    }

    /** Whether text in [from, to) ends with three full stops or with an ellipsis. */
    static boolean endsWithEllipsis(int[] text, int from, int to) {
        return to > from && (text[to - 1] == '…' || endsWithStops(text, from, to));
    }

    /** Whether text in [from, to) ends with three full stops. */
    static boolean endsWithStops(int[] text, int from, int to) {
        return to - 3 >= from && text[to - 1] == '.' && text[to - 2] == '.' && text[to - 3] == '.';
    }
}
