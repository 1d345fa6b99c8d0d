package io.github.sparkfinetune.data.tokenizer;

/**
 * A text (or a pair) as tokens.
 *
 * @param inputIds token ids, special tokens included
 * @param tokenTypeIds 0 for the first text, 1 for the second where the model tells them apart; as long as
 *     {@code inputIds}
 * @param truncated whether tokens were dropped to keep the limit
 */
public record Encoded(int[] inputIds, int[] tokenTypeIds, boolean truncated) {}
