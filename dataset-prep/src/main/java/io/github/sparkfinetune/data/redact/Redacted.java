package io.github.sparkfinetune.data.redact;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A text in which entities are replaced, and which may be cut. Places of labels and answers move with the text; a place
 * inside a replaced part moves to the start or the end of what replaced it.
 *
 * @param before text before
 * @param text text after
 * @param replacements replaced parts, in their order and without overlap
 */
public record Redacted(String before, String text, List<Replacement> replacements) {
    /**
     * A replaced part.
     *
     * @param start first UTF-16 unit of the part in the text before
     * @param end unit after the last in the text before
     * @param newStart first unit in the text after, if it was not cut
     * @param newEnd unit after the last in the text after
     */
    public record Replacement(int start, int end, int newStart, int newEnd, String entity) {}

    public Redacted {
        replacements = List.copyOf(replacements);
    }

    /** Returns a text in which nothing is replaced. */
    public static Redacted unchanged(String text) {
        return new Redacted(text, text, List.of());
    }

    /** Returns the first part of this text, of so many UTF-16 units. */
    public Redacted cut(int length) {
        return new Redacted(before, text.substring(0, length), replacements);
    }

    /** Returns where a part of the text after begins that begins at a place of the text before. */
    public int start(int place) {
        return moved(place, true);
    }

    /** Returns where a part of the text after ends that ends at a place of the text before. */
    public int end(int place) {
        return moved(place, false);
    }

    /** Returns whether a part that ends at a place of the text before was cut off, at least in part. */
    public boolean isCut(int place) {
        return uncut(place, false) > text.length();
    }

    private int moved(int place, boolean start) {
        return Math.min(uncut(place, start), text.length());
    }

    private int uncut(int place, boolean start) {
        int moved = place;
        for (Replacement replacement : replacements) {
            // A part that begins at the end of a replaced part, or ends at its start, has nothing of it.
            if (start ? place < replacement.end : place <= replacement.start) {
                moved = start && place > replacement.start ? replacement.newStart : moved;
                break;
            }
            moved = place >= replacement.end ? place - replacement.end + replacement.newEnd : replacement.newEnd;
            if (place < replacement.end) {
                break;
            }
        }
        return moved;
    }

    /** Returns the number of replaced parts, by entity. */
    public Map<String, Integer> counts() {
        if (replacements.isEmpty()) {
            return Map.of();
        }
        Map<String, Integer> counts = new TreeMap<>();
        replacements.forEach(replacement -> counts.merge(replacement.entity, 1, Integer::sum));
        return counts;
    }
}
