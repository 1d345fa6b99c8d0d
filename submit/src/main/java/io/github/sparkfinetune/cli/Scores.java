package io.github.sparkfinetune.cli;

import java.util.List;
import java.util.Map;

/**
 * How well a model does on held-out samples.
 *
 * @param metrics by name: accuracy, f1_macro, loss
 * @param labels names of the labels in the order of their ids
 * @param confusion samples by true label (row) and predicted label (column)
 */
record Scores(Map<String, Double> metrics, List<String> labels, long[][] confusion) {

    Scores {
        if (confusion.length != labels.size()) {
            throw new IllegalArgumentException(confusion.length + " rows, " + labels.size() + " labels");
        }
    }
}
