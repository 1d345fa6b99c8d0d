package io.github.sparkfinetune.data.tokenizer;

import ai.djl.huggingface.tokenizers.jni.CharSpan;

/**
 * Tokens and their places in the text.
 *
 * @param inputIds token ids
 * @param starts begin of each token, in UTF-16 units
 * @param ends end of each token, exclusive
 */
public record TokenSpans(int[] inputIds, int[] starts, int[] ends) {

    /** @param spans spans in code points, as the tokenizers library counts */
    static TokenSpans of(String text, long[] ids, CharSpan[] spans) {
        int[] units = units(text);
        TokenSpans tokens = new TokenSpans(new int[ids.length], new int[ids.length], new int[ids.length]);
        for (int i = 0; i < ids.length; i++) {
            tokens.inputIds[i] = (int) ids[i];
            tokens.starts[i] = units == null ? spans[i].getStart() : units[spans[i].getStart()];
            tokens.ends[i] = units == null ? spans[i].getEnd() : units[spans[i].getEnd()];
        }
        return tokens;
    }

    /** Returns the UTF-16 place of each code point and of the end; null if both counts are equal. */
    private static int[] units(String text) {
        int points = text.codePointCount(0, text.length());
        if (points == text.length()) {
            return null;
        }
        int[] units = new int[points + 1];
        for (int i = 0; i < points; i++) {
            units[i + 1] = text.offsetByCodePoints(units[i], 1);
        }
        return units;
    }
}
