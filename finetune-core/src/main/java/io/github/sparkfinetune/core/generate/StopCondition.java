package io.github.sparkfinetune.core.generate;

import java.util.Set;

/**
 * When an answer is complete.
 *
 * @param endTokens ids of tokens that end it and belong to it; none: only its length ends it
 * @param maxNewTokens its longest length in tokens, an end token included
 */
public record StopCondition(Set<Integer> endTokens, int maxNewTokens) {
    public StopCondition {
        if (maxNewTokens < 1) {
            throw new IllegalArgumentException("at most " + maxNewTokens + " new tokens");
        }
        endTokens = Set.copyOf(endTokens);
    }

    /**
     * Whether nothing follows a token.
     *
     * @param token the answer's last one
     * @param newTokens the answer's length with it
     */
    public boolean stopsAfter(int token, int newTokens) {
        return newTokens >= maxNewTokens || endTokens.contains(token);
    }
}
