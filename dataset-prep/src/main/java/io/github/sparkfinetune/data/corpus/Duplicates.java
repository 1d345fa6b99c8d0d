package io.github.sparkfinetune.data.corpus;

/** Counts the pieces of a text that repeat an earlier piece. One object serves one text after another. */
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

    /** Adds text in [from, to) as a piece. */
    void add(int[] text, int from, int to) {
        pieces++;
        if (seen.count(Hashes.of(text, from, to)) > 1) {
            duplicates++;
            characters += to - from;
        }
    }

    /** Adds the pieces that are separated by at least so many line feeds in a row. */
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

    /** Returns the share of pieces that repeat an earlier one. */
    double share() {
        return duplicates / (double) pieces;
    }

    /** Returns the number of characters in the repeated pieces. */
    int characters() {
        return characters;
    }
}
