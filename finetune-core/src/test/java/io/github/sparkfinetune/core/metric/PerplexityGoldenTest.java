package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class PerplexityGoldenTest {
    @Test
    void equalsTheReferenceOverAllTokens() {
        assertThat(GoldenFiles.json("metrics.json").get("perplexity"))
                .isNotEmpty()
                .allSatisfy(PerplexityGoldenTest::check);
    }

    @Test
    void ignoresBatchesWithoutTokens() {
        LanguageModelMetrics metrics = new LanguageModelMetrics();
        metrics.addTokens(2, 2);
        metrics.addTokens(0, 0);
        assertThat(metrics.values()).containsEntry("perplexity", Math.E);
    }

    private static void check(JsonNode expected) {
        JsonNode batches = expected.get("token_losses");
        LanguageModelMetrics metrics = new LanguageModelMetrics();
        double logarithms = 0;
        for (JsonNode batch : batches) {
            double sum = StreamSupport.stream(batch.spliterator(), false)
                    .mapToDouble(JsonNode::doubleValue)
                    .sum();
            metrics.addTokens(sum, batch.size());
            LanguageModelMetrics one = new LanguageModelMetrics();
            one.addTokens(sum, batch.size());
            logarithms += Math.log(one.values().get("perplexity"));
        }
        assertThat(metrics.values().get("perplexity"))
                .isCloseTo(expected.get("token_mean").doubleValue(), within(1e-9));
        assertThat(Math.exp(logarithms / batches.size()))
                .isCloseTo(expected.get("batch_mean").doubleValue(), within(1e-9));
    }
}
