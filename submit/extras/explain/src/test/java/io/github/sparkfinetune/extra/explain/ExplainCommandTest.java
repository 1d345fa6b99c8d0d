package io.github.sparkfinetune.extra.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Commands;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExplainCommandTest {
    private static final String HASH = "0123456789abcdef0123456789abcdef";

    private static Explained explained() {
        return new Explained(
                List.of(new Explanation(
                        4,
                        "The sea\n is  " + "very ".repeat(20) + "deep",
                        "sea",
                        List.of(
                                document(0.00312, "sea", "a sea", HASH),
                                document(0.00301, "sea", "another sea", null),
                                document(0.002, "sky", "a sky", HASH),
                                document(0.001, "sky", "not shown", HASH)),
                        List.of(document(-0.25, "sky", "a cloud", HASH)))),
                2,
                "empty text",
                3);
    }

    private static Explanation.Document document(double influence, String label, String text, String hash) {
        return new Explanation.Document(influence, 17, label, text, hash, hash == null ? null : "file:/mails.jsonl");
    }

    @Test
    void explainsTenDocumentsUnlessANumberIsGiven() {
        Arguments<ExplainRequest> arguments = new Arguments<>(ExplainRequest.class);
        assertThat(Commands.named("explain")).containsInstanceOf(ExplainCommand.class);
        assertThat(arguments.of(Map.of("input", "a", "output", "b"))).isEqualTo(new ExplainRequest("a", "b", 10));
        assertThatThrownBy(() -> arguments.of(Map.of("input", "a", "output", "b", "documents", 0)))
                .hasMessage("--documents is 0: give 1 or more");
    }

    private static List<String> lines(Explained explained) {
        return new ExplainCommand().text(new ExplainRequest("wrong.jsonl", "reasons", 10), explained);
    }

    @Test
    void showsTheDocumentsOfEachSide() {
        assertThat(lines(explained()))
                .containsExactly(
                        "explained 1 row(s) by 3 checkpoint(s)",
                        "warning   2 row(s) cannot be used; the first: empty text",
                        "row 4     sea: The sea is very very very very very very very very very ver…",
                        " +3.1e-03 sea: a sea, " + HASH,
                        " +3.0e-03 sea: another sea",
                        " +2.0e-03 sky: a sky, " + HASH,
                        " -2.5e-01 sky: a cloud, " + HASH,
                        "reasons   reasons");
    }

    @Test
    void showsTheFirstRows() {
        Explanation row = new Explanation(0, "a text", null, List.of(), List.of());
        assertThat(lines(new Explained(Collections.nCopies(5, row), 0, null, 1)))
                .containsExactly(
                        "explained 5 row(s) by 1 checkpoint(s)",
                        "row 0     a text",
                        "row 0     a text",
                        "row 0     a text",
                        "reasons   reasons");
    }
}
