package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import org.junit.jupiter.api.Test;

/** ROUGE scores equal those of rouge_score. */
class RougeGoldenTest {
    @Test
    void equalsTheScoresOfRougeScore() {
        assertThat(GoldenFiles.json("metrics.json").get("rouge")).isNotEmpty().allSatisfy(RougeGoldenTest::check);
    }

    private static void check(JsonNode expected) {
        expected.fieldNames().forEachRemaining(key -> {
            switch (key) {
                case "target", "prediction" -> {}
                case "plain" -> check(expected, false, expected.get(key));
                case "stemmed" -> check(expected, true, expected.get(key));
                default -> throw new AssertionError("metrics.json rouge: unknown key " + key);
            }
        });
    }

    private static void check(JsonNode texts, boolean stems, JsonNode expected) {
        Rouge.Scores scores = new Rouge(stems)
                .score(texts.get("target").textValue(), texts.get("prediction").textValue());
        expected.fieldNames().forEachRemaining(kind -> {
            Rouge.Score score = switch (kind) {
                case "rouge1" -> scores.rouge1();
                case "rouge2" -> scores.rouge2();
                case "rougeL" -> scores.rougeL();
                case "rougeLsum" -> scores.rougeLsum();
                default -> throw new AssertionError("metrics.json rouge: unknown score " + kind);
            };
            close(score.precision(), expected.get(kind).get("precision"));
            close(score.recall(), expected.get(kind).get("recall"));
            close(score.f1(), expected.get(kind).get("f1"));
        });
    }

    private static void close(double actual, JsonNode expected) {
        assertThat(actual).isCloseTo(expected.doubleValue(), within(1e-9));
    }
}
