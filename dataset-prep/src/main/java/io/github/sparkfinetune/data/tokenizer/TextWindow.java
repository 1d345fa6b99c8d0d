package io.github.sparkfinetune.data.tokenizer;

/**
 * A pair of texts as tokens, the second text or a stretch of it.
 *
 * @param inputIds token ids, special tokens included
 * @param tokenTypeIds 0 for the first text, 1 for the second where the model tells them apart; as long as
 *     {@code inputIds}
 * @param offsets of each token where its characters begin and end (exclusive) in the second text, in UTF-16 units: two
 *     numbers a token, -1 and -1 for one of the first text and for a special one
 */
public record TextWindow(int[] inputIds, int[] tokenTypeIds, int[] offsets) {}
