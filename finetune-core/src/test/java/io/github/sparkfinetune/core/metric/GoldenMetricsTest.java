package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.GoldenFiles;
import org.junit.jupiter.api.Test;

class GoldenMetricsTest {
    @Test
    void hasATestForEverySection() {
        assertThat(GoldenFiles.json("metrics.json").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "classification", "roc_auc", "regression", "seqeval", "squad", "rouge", "perplexity");
    }
}
