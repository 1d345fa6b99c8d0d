package io.github.sparkfinetune.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.folder.EvaluationMetrics.Example;
import io.github.sparkfinetune.spark.predict.Scores;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExamplesTest {
    @Test
    void textIsShownAsItWasGiven() {
        Example example =
                new Example(Scores.Group.RIGHT, List.of(" \tif x:\n    y\n"), List.of(" yes "), List.of("no"), null);

        assertThat(Examples.of(List.of(example), true)).contains("<td> \tif x:\n    y\n</td><td> yes </td><td>no</td>");
        assertThat(Answers.of(List.of(new Scores.Answer("\nQ: ", "r ", " g", "<b>\n"))))
                .contains("<td>\nQ: </td><td>r </td><td> g</td><td>&lt;b&gt;\n</td>");
    }

    /** A pair of texts with two labels looks like two words with a tag each. */
    @Test
    void aPairOfTextsWithTwoLabelsHasNoTags() {
        Example example = new Example(
                Scores.Group.WRONG, List.of("one text", "the other"), List.of("a", "b"), List.of("a", "c"), null);

        assertThat(Examples.of(List.of(example), true))
                .contains("<td>one text\nthe other</td><td>a, b</td><td>a, c</td>")
                .doesNotContain("<mark>");
        assertThat(Examples.of(List.of(example), false)).contains("<mark>one text <small>a</small></mark>");
    }
}
