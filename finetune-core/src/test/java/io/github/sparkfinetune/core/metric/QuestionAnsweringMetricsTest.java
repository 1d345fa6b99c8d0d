package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Metrics equal those of SQuAD 2.0's evaluation script in transformers. */
class QuestionAnsweringMetricsTest {
    @Test
    void scoresGoldenAnswersAsTheScriptDoes() {
        assertThat(Reference.cases(GoldenFiles.json("metrics.json").get("squad")))
                .isNotEmpty()
                .allSatisfy(expected -> {
                    assertThat(expected.fieldNames())
                            .toIterable()
                            .containsExactlyInAnyOrder("prediction", "golds", "normalised", "exact", "f1");
                    String prediction = expected.get("prediction").textValue();
                    assertThat(SquadScore.normalise(prediction))
                            .isEqualTo(expected.get("normalised").textValue());
                    // Each gold answer alone, because a gold answer without words does not count beside other answers.
                    List<SquadScore> scores = Reference.texts(expected.get("golds")).stream()
                            .map(gold -> SquadScore.of(prediction, List.of(gold)))
                            .toList();
                    Reference.close(
                            scores.stream().mapToDouble(SquadScore::exact).max().orElseThrow(), expected.get("exact"));
                    Reference.close(
                            scores.stream().mapToDouble(SquadScore::f1).max().orElseThrow(), expected.get("f1"));
                });
    }

    @Test
    void takesTheBestScoreOfAllGoldAnswers() {
        QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
        metrics.add(SquadScore.of("a red fox", List.of("the dog", "red fox jumps", "red cat")));
        metrics.add(SquadScore.of("the", List.of("a", "dog")));
        metrics.add(SquadScore.of("the", List.of("a")));

        assertThat(metrics.values()).containsOnlyKeys("exact_match", "f1").containsEntry("exact_match", 100 / 3.0);
        assertThat(metrics.values().get("f1")).isCloseTo(100 * (0.8 + 0 + 1) / 3, within(1e-9));
    }

    @Test
    void normalisesAsPythonDoes() {
        assertThat(SquadScore.normalise("The\u00a0A-Team\u2003(an \u00c9t\u00e9)\u001fTHE END\u0085x"))
                .isEqualTo("ateam \u00e9t\u00e9 end x");
        // A superscript digit is part of a word; a combining accent is not.
        assertThat(SquadScore.normalise("a\u00b2 a\u0301b the\u4e00")).isEqualTo("a\u00b2 \u0301b the\u4e00");
    }

    @Test
    void equalsTheMetricsAndBestThresholdsOfTheScript() {
        assertThat(Reference.cases("squad_v2")).allSatisfy(QuestionAnsweringMetricsTest::check);
    }

    private static void check(JsonNode expected) {
        QuestionAnsweringMetrics metrics =
                new QuestionAnsweringMetrics(expected.get("threshold").doubleValue());
        metrics.addWindows(3, 2);
        for (JsonNode question : expected.get("questions")) {
            SquadScore score =
                    SquadScore.of(question.get("answer").textValue(), Reference.texts(question.get("golds")));
            Reference.close(score.exact(), question.get("exact"));
            Reference.close(score.f1(), question.get("f1"));
            metrics.add(score, question.get("preference").doubleValue());
        }
        Map<String, Double> values = new LinkedHashMap<>(metrics.values());
        assertThat(values.remove("loss")).isEqualTo(1.5);
        values.put("exact", values.remove("exact_match"));
        values.remove("null_score_diff_threshold");
        Reference.close(values, expected, Set.of("threshold", "questions"));
    }

    @Test
    void answersQuestionsOfEqualPreferenceTogether() {
        QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
        metrics.add(SquadScore.of("right", List.of("right")), 1);
        metrics.add(SquadScore.of("wrong", List.of()), 1);
        metrics.add(SquadScore.of("right", List.of("right")), 2);

        assertThat(metrics.values())
                .containsEntry("exact_match", 100 / 3.0)
                .containsEntry("best_exact", 200 / 3.0)
                .containsEntry("best_exact_thresh", 2.0);
    }

    @ParameterizedTest
    @CsvSource({
        // Preferences of questions with an answer, preferences of questions without, and the threshold between them.
        "-8 -6, 2 4, -2",
        "-8 3, 2 4, -3",
        "-8 -6 3, 2, -2",
        "-8 -6 3 5, 2, 5",
        "5, 2 4 6, 0",
        "5, -2 4 6, -3"
    })
    void putsTheThresholdHalfWay(String answerable, String unanswerable, double threshold) {
        QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
        for (String preference : answerable.split(" ", -1)) {
            metrics.add(SquadScore.of("right", List.of("right")), Double.parseDouble(preference));
        }
        for (String preference : unanswerable.split(" ", -1)) {
            metrics.add(SquadScore.of("wrong", List.of()), Double.parseDouble(preference));
        }
        assertThat(metrics.values()).containsEntry("null_score_diff_threshold", threshold);
    }

    @Test
    void reportsOnlyTheLossWithoutQuestions() {
        QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
        assertThat(metrics.values()).isEmpty();
        metrics.addWindows(1, 4);
        assertThat(metrics.values()).isEqualTo(Map.of("loss", 0.25));
    }
}
