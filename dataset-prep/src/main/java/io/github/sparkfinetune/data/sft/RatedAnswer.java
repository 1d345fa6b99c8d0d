package io.github.sparkfinetune.data.sft;

/**
 * A prompt with an answer that is good or bad.
 *
 * @param desirable whether it is good
 */
public record RatedAnswer(SftExample example, boolean desirable) {}
