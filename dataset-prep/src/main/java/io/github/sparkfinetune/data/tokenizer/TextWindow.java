package io.github.sparkfinetune.data.tokenizer;

/**
 * A pair of texts as tokens, with the second text or a stretch of it.
 *
 * @param inputIds token ids, special tokens included
 * @param tokenTypeIds 0 for the first text; 1 for the second, if the model distinguishes them; as long as
 *     {@code inputIds}
 * @param offsets two numbers for each token: begin and end (exclusive) of its characters in the second text, in UTF-16
 *     units; -1 and -1 for a special token and for a token of the first text
 */
public record TextWindow(int[] inputIds, int[] tokenTypeIds, int[] offsets) {}
