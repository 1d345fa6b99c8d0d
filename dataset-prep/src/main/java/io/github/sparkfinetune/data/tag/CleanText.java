package io.github.sparkfinetune.data.tag;

import io.github.sparkfinetune.data.redact.Redacted;
import java.util.Arrays;
import java.util.function.Function;

/**
 * A text from which characters were removed, in which parts were replaced, and which was cut.
 *
 * @param redacted the text without the removed characters, before and after parts were replaced
 * @param ofUnits place in the text before of each UTF-16 unit of the original text, and of its end. A removed unit has
 *     the place of the next one that was kept
 * @param ofPoints the same for each code point
 */
record CleanText(Redacted redacted, int[] ofUnits, int[] ofPoints) {

    /** @param cleaner removes all characters of some kinds, replaces parts, and cuts */
    static CleanText of(String raw, Function<String, Redacted> cleaner) {
        Redacted redacted = cleaner.apply(raw);
        String text = redacted.before();
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
        return new CleanText(redacted, ofUnits, ofPoints);
    }

    /** Returns the cleaned text. */
    String text() {
        return redacted.text();
    }

    /** Returns the number of code points of the original text. */
    int points() {
        return ofPoints.length - 1;
    }

    /** Returns where a part begins that begins at a code point of the original text. */
    int startOfPoint(int point) {
        return redacted.start(ofPoints[point]);
    }

    /** Returns where a part ends that ends at a code point of the original text. */
    int endOfPoint(int point) {
        return redacted.end(ofPoints[point]);
    }

    /** Returns where parts begin that begin at UTF-16 units of the original text. */
    int[] starts(int[] units) {
        return Arrays.stream(units).map(unit -> redacted.start(ofUnits[unit])).toArray();
    }

    /** Returns where parts end that end at UTF-16 units of the original text. */
    int[] ends(int[] units) {
        return Arrays.stream(units).map(unit -> redacted.end(ofUnits[unit])).toArray();
    }
}
