package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ClassificationMetricsTest {
    @Test
    void lossIsFiniteWhereTheProbabilityIsTooSmallForADouble() {
        ClassificationMetrics metrics = new ClassificationMetrics(2);
        metrics.add(0, new float[] {-500, 500});

        assertThat(Softmax.probabilities(new float[] {-500, 500})).containsExactly(0, 1);
        assertThat(metrics.values()).containsEntry("loss", 1000.0).containsEntry("accuracy", 0.0);
    }

    @Test
    void crossEntropyIsMinusTheLogarithmOfTheProbability() {
        float[] logits = {0.5F, -1.25F, 3};
        double[] p = Softmax.probabilities(logits);
        for (int label = 0; label < p.length; label++) {
            assertThat(Softmax.crossEntropy(logits, label)).isCloseTo(-Math.log(p[label]), within(1e-15));
        }
        assertThat(Softmax.argmax(new float[] {1, 2, 2})).isEqualTo(1);
    }

    @Test
    void refusesAClassThatIsNone() {
        assertThatThrownBy(() -> new ClassificationMetrics(2).add(2, 0, new double[] {1, 0}, 0))
                .hasMessage("label 2, predicted 0 of 2 classes");
        assertThatThrownBy(() -> new ClassificationMetrics(2).values()).hasMessage("no sample was counted");
    }
}
