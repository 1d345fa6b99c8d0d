package io.github.sparkfinetune.data.corpus;

/** Counts the pieces of a text that were there before. One object is used for one text after the other. */
final class Duplicates {
    private final LongMap seen = new LongMap();
    private int pieces;
    private int duplicates;
    private int characters;

    void clear() {
        seen.clear();
        pieces = 0;
        duplicates = 0;
        characters = 0;
    }

    /** Counts text in [from, to). */
    void add(int[] text, int from, int to) {
        pieces++;
        if (seen.count(Hashes.of(text, from, to)) > 1) {
            duplicates++;
            characters += to - from;
        }
    }

    /** Counts the pieces between so many line feeds in a row, or more. */
    void addBetweenLineFeeds(int[] text, int from, int to, int least) {
        int start = from;
        int at = from;
        while (at < to) {
            if (text[at] != '\n') {
                at++;
                continue;
            }
            int end = at;
            while (at < to && text[at] == '\n') {
                at++;
            }
            if (at - end >= least) {
                add(text, start, end);
                start = at;
            }
        }
        add(text, start, to);
    }

    int pieces() {
        return pieces;
    }

    /** The share of the pieces that were there before. */
    double share() {
        return duplicates / (double) pieces;
    }

    /** The characters of these. */
    int characters() {
        return characters;
    }
}
