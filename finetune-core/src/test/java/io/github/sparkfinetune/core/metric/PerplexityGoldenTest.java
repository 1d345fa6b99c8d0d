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
        assertThat(perplexity.tokenMean()).isEqualTo(Math.E);
    }

    private static void check(JsonNode expected) {
        JsonNode batches = expected.get("token_losses");
        Perplexity whole = new Perplexity();
        double logarithms = 0;
        for (JsonNode batch : batches) {
            double sum = StreamSupport.stream(batch.spliterator(), false)
                    .mapToDouble(JsonNode::doubleValue)
                    .sum();
            whole.add(sum, batch.size());
            Perplexity one = new Perplexity();
            one.add(sum, batch.size());
            logarithms += Math.log(one.tokenMean());
        }
        assertThat(whole.tokenMean()).isCloseTo(expected.get("token_mean").doubleValue(), within(1e-9));
        assertThat(Math.exp(logarithms / batches.size()))
                .isCloseTo(expected.get("batch_mean").doubleValue(), within(1e-9));
    }
}
