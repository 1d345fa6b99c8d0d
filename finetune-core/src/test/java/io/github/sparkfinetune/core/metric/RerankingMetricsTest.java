package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Metrics of reranking equal those of {@code CrossEncoderRerankingEvaluator} and scikit-learn. */
class RerankingMetricsTest {
    private final JsonNode golden = GoldenFiles.json(Path.of("src/test/resources/reranking/rerankers.json"))
            .get("metrics");

    private static void add(RerankingMetrics metrics, String query, JsonNode documents) {
        for (int i = 0; i < documents.get("scores").size(); i++) {
            metrics.add(
                    query,
                    documents.get("scores").get(i).asDouble(),
                    documents.get("relevance").get(i).asDouble());
        }
        metrics.add(2);
    }

    @Test
    void equalThoseOfTheEvaluator() {
        RerankingMetrics metrics = new RerankingMetrics();
        golden.get("queries").forEach(query -> add(metrics, query.toString(), query));
        assertThat(metrics.values()).containsOnlyKeys("loss", "ndcg_at_10", "mrr_at_10", "average_precision");
        metrics.values()
                .forEach((name, value) -> assertThat(value)
                        .as(name)
                        .isCloseTo(name.equals("loss") ? 2 : golden.get(name).asDouble(), within(1e-9)));
    }

    @Test
    void gainOfARelevanceBetweenZeroAndOneIsLinear() {
        RerankingMetrics metrics = new RerankingMetrics();
        add(metrics, "query", golden.get("graded"));
        assertThat(metrics.values().get("ndcg_at_10"))
                .isCloseTo(golden.get("graded_ndcg_at_10").asDouble(), within(1e-9));
    }

    @Test
    void rankRelevantDocumentsBehindOthersOfTheSameScore() {
        RerankingMetrics metrics = new RerankingMetrics();
        metrics.add("query", 0.3, 1);
        metrics.add("query", 0.3, 0);
        metrics.add(1);
        assertThat(metrics.values().get("mrr_at_10")).isEqualTo(0.5);
    }

    @Test
    void areMissingWhereTheyAreNotDefined() {
        RerankingMetrics metrics = new RerankingMetrics();
        assertThat(metrics.values()).isEmpty();
        metrics.add("one", 0.3, 0);
        metrics.add("another", 0.4, 0);
        metrics.add(0.5);
        assertThat(metrics.values()).isEqualTo(Map.of("loss", 0.5));
    }
}
