package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.CorpusConfig.Normalization;
import java.text.Normalizer;

/**
 * Normalises a text. Line ends (CR LF, CR, NEL) become LF. Other control characters from U+0080 to U+009F, byte order
 * marks (U+FEFF) and noncharacters are removed. Then the text is brought into a normal form (Unicode, annex 15).
 */
final class UnicodeForm {
    /** First character that NFC may change in combination with others. */
    private static final char FIRST_COMPOSED = 0x300;
    /** First character that NFKC may change. */
    private static final char FIRST_COMPATIBLE = 0xA0;

    private UnicodeForm() {}

    static String of(String text, Normalization form) {
        if (form == Normalization.NONE) {
            return text;
        }
        String clean = clean(text);
        boolean composed = form == Normalization.NFC;
        char first = composed ? FIRST_COMPOSED : FIRST_COMPATIBLE;
        return clean.chars().allMatch(character -> character < first)
                ? clean
                : Normalizer.normalize(clean, composed ? Normalizer.Form.NFC : Normalizer.Form.NFKC);
    }

    private static String clean(String text) {
        int first = 0;
        while (first < text.length() && stays(text, first)) {
            first++;
        }
        if (first == text.length()) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length()).append(text, 0, first);
        for (int i = first; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == 0x85 || (character == '\r' && !(i + 1 < text.length() && text.charAt(i + 1) == '\n'))) {
                clean.append('\n');
            } else if (stays(text, i)) {
                clean.append(character);
            }
        }
        return clean.toString();
    }

    private static boolean stays(String text, int place) {
        char character = text.charAt(place);
        if (character < 0x80) {
            return character != '\r';
        }
        if (character < 0xFDD0) {
            // The second half of a surrogate pair goes with the first.
            boolean second = Character.isLowSurrogate(character) && place > 0;
            int pair = second ? text.codePointAt(place - 1) : Character.codePointAt(text, place);
            return character >= 0xA0 && (pair & 0xFFFE) != 0xFFFE;
        }
        return character > 0xFDEF && character != 0xFEFF && character < 0xFFFE;
    }
}
