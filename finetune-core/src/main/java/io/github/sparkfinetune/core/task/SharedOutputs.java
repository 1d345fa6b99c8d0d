package io.github.sparkfinetune.core.task;

import java.util.List;

/**
 * Outputs that a trained model shares with its teacher.
 *
 * @param vocabulary number of token ids, from 0, that both models have
 * @param labels names of the labels by the trained model's ids; empty for a task without labels
 */
public record SharedOutputs(int vocabulary, List<String> labels) {
    public SharedOutputs {
        labels = List.copyOf(labels);
    }
}
