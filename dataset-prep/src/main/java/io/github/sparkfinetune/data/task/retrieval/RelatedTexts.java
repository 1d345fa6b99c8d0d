package io.github.sparkfinetune.data.task.retrieval;

import java.util.List;

/**
 * A text with others that belong to it more or less.
 *
 * @param text the text, such as a query
 * @param others the other texts, such as documents; empty for a row to predict that has none
 * @param scores how much each of the others belongs to the text; empty without scores
 */
public record RelatedTexts(String text, List<String> others, List<Double> scores) {
    public RelatedTexts {
        others = List.copyOf(others);
        scores = List.copyOf(scores);
    }

    /** Returns all texts. */
    String joined() {
        return text + "\n" + String.join("\n", others);
    }

    /** Returns the text, to show the row. */
    @Override
    public String toString() {
        return text;
    }
}
