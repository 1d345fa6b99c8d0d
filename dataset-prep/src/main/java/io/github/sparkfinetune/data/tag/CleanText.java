package io.github.sparkfinetune.data.tag;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * A text from which characters were removed, and which was cut.
 *
 * @param text the cleaned text
 * @param ofUnits new place of each UTF-16 unit of the original text, and of its end. A removed unit has the place of
 *     the next one that was kept
 * @param ofPoints the same for each code point
 */
record CleanText(String text, int[] ofUnits, int[] ofPoints) {

    /** @param cleaner removes all characters of some kinds, and cuts */
    static CleanText of(String raw, UnaryOperator<String> cleaner) {
        String text = cleaner.apply(raw);
        int[] ofUnits = new int[raw.length() + 1];
        int[] ofPoints = new int[raw.codePointCount(0, raw.length()) + 1];
        int kept = 0;
        int unit = 0;
        for (int i = 0; unit < raw.length(); i++) {
            int point = raw.codePointAt(unit);
            int width = Character.charCount(point);
            ofPoints[i] = kept;
            Arrays.fill(ofUnits, unit, unit + width, kept);
            unit += width;
            kept += kept < text.length() && text.codePointAt(kept) == point ? width : 0;
        }
        ofUnits[raw.length()] = kept;
        ofPoints[ofPoints.length - 1] = kept;
        return new CleanText(text, ofUnits, ofPoints);
    }

    /** Returns the number of code points of the original text. */
    int points() {
        return ofPoints.length - 1;
    }

    /** Returns the new place of a code point of the original text. */
    int placeOfPoint(int point) {
        return ofPoints[point];
    }

    /** Returns the new places of UTF-16 units of the original text. */
    int[] indices(int[] units) {
        return Arrays.stream(units).map(unit -> ofUnits[unit]).toArray();
    }
}
