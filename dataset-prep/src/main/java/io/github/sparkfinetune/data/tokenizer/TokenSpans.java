package io.github.sparkfinetune.data.tokenizer;

import ai.djl.huggingface.tokenizers.jni.CharSpan;

/**
 * Tokens and the places in the text that they stand for.
 *
 * @param inputIds token ids
 * @param starts where each token begins, in UTF-16 units
 * @param ends where each token ends, exclusive
 */
public record TokenSpans(int[] inputIds, int[] starts, int[] ends) {

    /** @param spans in code points, as the tokenizers library counts */
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

    /** UTF-16 place of each code point and of the end; null where both count alike. */
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
