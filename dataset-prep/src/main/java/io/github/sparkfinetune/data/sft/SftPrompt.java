package io.github.sparkfinetune.data.sft;

/**
 * What a model is asked to go on from.
 *
 * @param text the prompt as text, rendered
 * @param inputIds its tokens
 * @param reference the answer that the row has, or null
 */
public record SftPrompt(String text, int[] inputIds, String reference) {}
