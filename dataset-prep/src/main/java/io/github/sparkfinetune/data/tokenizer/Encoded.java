package io.github.sparkfinetune.data.tokenizer;

/**
 * A text, or a pair of texts, as tokens.
 *
 * @param inputIds token ids, special tokens included
 * @param tokenTypeIds 0 for the first text; 1 for the second, if the model distinguishes them; as long as
 *     {@code inputIds}
 * @param truncated true if tokens were dropped to keep the limit
 */
public record Encoded(int[] inputIds, int[] tokenTypeIds, boolean truncated) {}
