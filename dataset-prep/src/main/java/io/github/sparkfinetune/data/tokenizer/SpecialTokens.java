package io.github.sparkfinetune.data.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.Arrays;

/**
 * Special tokens that a tokenizer puts around a text, or around and between the texts of a pair, found from the
 * encoding of a probe. Texts are then encoded without special tokens, cut, and put together. As in Hugging Face,
 * truncation drops only the tokens of the text itself.
 *
 * @param before tokens before the first text
 * @param between tokens between the two texts; none for a single text
 * @param after tokens at the end
 * @param firstType token type of the first text
 * @param secondType token type of the second text
 */
record SpecialTokens(Part before, Part between, Part after, int firstType, int secondType) {
    private static final String PROBE = "a";
    private static final TokenizersLibrary LIB = TokenizersLibrary.LIB;

    /** Neighbouring special tokens: ids and token types. */
    record Part(int[] ids, int[] types) {
        int length() {
            return ids.length;
        }
    }

    /** Returns the number of special tokens of a sample. */
    int count() {
        return before.length() + between.length() + after.length();
    }

    static SpecialTokens ofSingle(long tokenizer) {
        return probe(LIB.encode(tokenizer, PROBE, true), false);
    }

    static SpecialTokens ofPair(long tokenizer) {
        return probe(LIB.encodeDual(tokenizer, PROBE, PROBE, true), true);
    }

    private static SpecialTokens probe(long encoding, boolean pair) {
        int[] ids;
        int[] types;
        long[] special;
        long[] sequence;
        try {
            ids = ints(LIB.getTokenIds(encoding));
            types = ints(LIB.getTypeIds(encoding));
            special = LIB.getSpecialTokenMask(encoding);
            sequence = LIB.getSequenceIds(encoding);
        } finally {
            LIB.deleteEncoding(encoding);
        }
        int firstStart = 0;
        while (special[firstStart] == 1) {
            firstStart++;
        }
        int lastEnd = ids.length;
        while (special[lastEnd - 1] == 1) {
            lastEnd--;
        }
        int firstEnd = firstStart;
        while (firstEnd < lastEnd && special[firstEnd] == 0 && sequence[firstEnd] == sequence[firstStart]) {
            firstEnd++;
        }
        int lastStart = firstEnd;
        while (lastStart < lastEnd && special[lastStart] == 1) {
            lastStart++;
        }
        return new SpecialTokens(
                part(ids, types, 0, firstStart),
                pair ? part(ids, types, firstEnd, lastStart) : part(ids, types, 0, 0),
                part(ids, types, lastEnd, ids.length),
                types[firstStart],
                types[lastEnd - 1]);
    }

    private static Part part(int[] ids, int[] types, int from, int to) {
        return new Part(Arrays.copyOfRange(ids, from, to), Arrays.copyOfRange(types, from, to));
    }

    private static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }
}
