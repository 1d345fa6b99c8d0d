package io.github.sparkfinetune.data.sft;

/**
 * A prompt with two answers, or with one answer to score.
 *
 * @param answers the answers; both are the same for an answer to score
 * @param margin number by which the reward of the better answer should be higher
 */
public record RewardPair(PreferencePair answers, double margin) {}
