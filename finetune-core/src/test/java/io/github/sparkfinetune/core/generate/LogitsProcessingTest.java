package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.data.dataset.Seeds;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processed logits equal those of transformers' processors ({@code generation/make_logits.py}). */
class LogitsProcessingTest {
    @Test
    void equalsTheLogitsOfTransformers() throws IOException {
        try (InputStream file = LogitsProcessingTest.class.getResourceAsStream("/generation/logits.json")) {
            assertThat(new ObjectMapper().readTree(file))
                    .hasSizeGreaterThan(100)
                    .allSatisfy(this::check);
        }
    }

    private void check(JsonNode expected) {
        float[] logits = new float[expected.get("logits").size()];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = expected.get("logits").get(i).floatValue();
        }
        BitSet tokens = new BitSet();
        expected.get("tokens").forEach(token -> tokens.set(token.intValue()));

        new LogitsProcessing(config(expected.get("settings")), logits.length).apply(logits, tokens);

        for (int i = 0; i < logits.length; i++) {
            JsonNode value = expected.get("expected").get(i);
            if (value.isNull()) {
                assertThat(logits[i]).as("%s, token %d", expected, i).isEqualTo(Float.NEGATIVE_INFINITY);
            } else {
                assertThat(logits[i]).as("%s, token %d", expected, i).isCloseTo(value.floatValue(), within(1e-5f));
            }
        }
    }

    private static GenerationConfig config(JsonNode settings) {
        return new GenerationConfig(
                1,
                true,
                settings.path("temperature").asDouble(1),
                settings.path("top_k").asInt(0),
                settings.path("top_p").asDouble(1),
                settings.path("repetition_penalty").asDouble(1),
                0,
                0);
    }

    /** Compares top-p with a reference that sorts all probabilities. */
    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.5, 0.9, 0.999})
    void keepsTheTopPTokensOfALargeVocabulary(double topP) {
        float[] logits = new float[49_152];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (8 * Seeds.unit(Seeds.derive(3, Seeds.Purpose.SHUFFLE, i)));
        }
        double[] weights = IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i]))
                .toArray();
        double total = Arrays.stream(weights).sum();
        Integer[] ascending = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> logits[i]))
                .toArray(Integer[]::new);
        BitSet kept = new BitSet();
        double sum = 0;
        for (int token : ascending) {
            sum += weights[token] / total;
            if (sum > 1 - topP) {
                kept.set(token);
            }
        }

        new LogitsProcessing(new GenerationConfig(1, true, 1, 0, topP, 1, 0, 0), logits.length)
                .apply(logits, new BitSet());

        BitSet left = new BitSet();
        IntStream.range(0, logits.length)
                .filter(i -> logits[i] > Float.NEGATIVE_INFINITY)
                .forEach(left::set);
        left.xor(kept);
        // Rounding decides on the token at the border, so one token may differ.
        assertThat(left.cardinality()).isLessThanOrEqualTo(1);
        assertThat(kept.cardinality()).isBetween(100, logits.length - 5);
    }
}
