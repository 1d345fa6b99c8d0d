package io.github.sparkfinetune.data.tag;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * A text after characters of it were removed and it was cut.
 *
 * @param text what is left
 * @param ofUnits where each UTF-16 unit of the text before, and its end, lies in it; of what was removed, the place of
 *     what comes after
 * @param ofPoints the same of each code point
 */
record CleanText(String text, int[] ofUnits, int[] ofPoints) {

    /** @param cleaner removes characters of a kind that it leaves none of, and cuts */
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

    /** Code points of the text before. */
    int points() {
        return ofPoints.length - 1;
    }

    /** Where a code point of the text before lies. */
    int placeOfPoint(int point) {
        return ofPoints[point];
    }

    /** Where UTF-16 units of the text before lie. */
    int[] places(int[] units) {
        return Arrays.stream(units).map(unit -> ofUnits[unit]).toArray();
    }
}
