package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class PerplexityGoldenTest {
    @Test
    void bothMeansAreTheReferences() {
        assertThat(GoldenFiles.json("metrics.json").get("perplexity"))
                .isNotEmpty()
                .allSatisfy(PerplexityGoldenTest::check);
    }

    @Test
    void batchesWithoutTokensCountNothing() {
        Perplexity perplexity = new Perplexity();
        perplexity.add(2, 2);
        perplexity.add(0, 0);
        assertThat(perplexity.batchMean()).isEqualTo(Math.E);
    }

    private static void check(JsonNode expected) {
        Perplexity perplexity = new Perplexity();
        for (JsonNode batch : expected.get("token_losses")) {
            double sum = StreamSupport.stream(batch.spliterator(), false)
                    .mapToDouble(JsonNode::doubleValue)
                    .sum();
            perplexity.add(sum, batch.size());
        }
        assertThat(perplexity.tokenMean()).isCloseTo(expected.get("token_mean").doubleValue(), within(1e-9));
        assertThat(perplexity.batchMean()).isCloseTo(expected.get("batch_mean").doubleValue(), within(1e-9));
    }
}
