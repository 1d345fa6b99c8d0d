package io.github.sparkfinetune.data.sft;

/**
 * A prompt with an answer that is rated good or bad.
 *
 * @param desirable true for a good answer
 */
public record RatedAnswer(SftExample example, boolean desirable) {}
