package io.github.sparkfinetune.core.generate;

import java.util.Set;

/**
 * Condition that completes an answer.
 *
 * @param endTokens ids of tokens that end an answer and belong to it; if empty, only the length ends an answer
 * @param maxNewTokens longest length of an answer in tokens, end token included
 */
public record StopCondition(Set<Integer> endTokens, int maxNewTokens) {
    public StopCondition {
        if (maxNewTokens < 1) {
            throw new IllegalArgumentException("at most " + maxNewTokens + " new tokens");
        }
        endTokens = Set.copyOf(endTokens);
    }

    /**
     * Returns whether an answer is complete after a token.
     *
     * @param token the answer's last token
     * @param newTokens the answer's length with this token
     */
    public boolean stopsAfter(int token, int newTokens) {
        return newTokens >= maxNewTokens || endTokens.contains(token);
    }
}
