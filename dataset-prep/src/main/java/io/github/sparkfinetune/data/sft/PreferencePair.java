package io.github.sparkfinetune.data.sft;

/**
 * A prompt with two answers.
 *
 * @param chosen the prompt with the better one
 * @param rejected the same prompt with the other
 */
public record PreferencePair(SftExample chosen, SftExample rejected) {}
