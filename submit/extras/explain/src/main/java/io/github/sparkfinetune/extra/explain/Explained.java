package io.github.sparkfinetune.extra.explain;

import java.util.List;

/**
 * Result of {@link ExplainJob}.
 *
 * @param explanations an explanation for each usable row of the input
 * @param unusable number of rows of the input that could not be used
 * @param reason why the first of them could not be used, or null
 * @param checkpoints number of checkpoints that were read
 */
public record Explained(List<Explanation> explanations, int unusable, String reason, int checkpoints) {
    public Explained {
        explanations = List.copyOf(explanations);
    }
}
