package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClassificationMetricsTest {
    private static final double[] PROBABILITIES = new double[20_000];

    @Test
    void hasAFiniteLossIfTheProbabilityUnderflows() {
        ClassificationMetrics metrics = new ClassificationMetrics(RandomMetrics.names(2));
        metrics.add(0, new float[] {-500, 500});

        assertThat(Softmax.probabilities(new float[] {-500, 500})).containsExactly(0, 1);
        assertThat(metrics.values()).containsEntry("loss", 1000.0).containsEntry("accuracy", 0.0);
    }

    @Test
    void computesCrossEntropyAsTheNegativeLogProbability() {
        float[] logits = {0.5F, -1.25F, 3};
        double[] p = Softmax.probabilities(logits);
        for (int label = 0; label < p.length; label++) {
            assertThat(Softmax.crossEntropy(logits, label)).isCloseTo(-Math.log(p[label]), within(1e-15));
        }
        assertThat(Softmax.argmax(new float[] {1, 2, 2})).isEqualTo(1);
    }

    @Test
    void keepsThreeCountsForEachOf20000Labels() {
        int all = 20_000;
        int used = ClassificationMetrics.MOST_IN_A_MATRIX;
        ClassificationMetrics few = new ClassificationMetrics(RandomMetrics.names(used));
        ClassificationMetrics many = new ClassificationMetrics(RandomMetrics.names(all));
        Random random = new Random(7);
        for (int sample = 0; sample < 200_000; sample++) {
            int label = random.nextInt(used);
            int predicted = random.nextInt(3) == 0 ? random.nextInt(used) : label;
            double loss = random.nextInt(8);
            few.add(label, predicted, new double[used], loss);
            many.add(label, predicted, PROBABILITIES, loss);
        }

        assertThat(many.counts()).hasSize(1 + 3 * all);
        assertThat(many.observations()).isEmpty();
        assertThat(many.values()).isEqualTo(few.values());
        assertThat(few.confusion()).hasDimensions(used, used);
        assertThat(few.byLabel()).isEmpty();
        assertThat(many.confusion()).isEmpty();
        assertThat(many.byLabel()).hasSize(used);
        PrecisionRecall first = many.byLabel().get("label 0");
        assertThat(first).isEqualTo(few.classScores().ofClass(0));
        assertThat(first.support()).isEqualTo(Arrays.stream(few.confusion()[0]).sum());
    }

    @Test
    void refusesAnUnknownClass() {
        assertThatThrownBy(() -> new ClassificationMetrics(RandomMetrics.names(2)).add(2, 0, new double[] {1, 0}, 0))
                .hasMessage("label 2, predicted 0 of 2 classes");
        assertThatThrownBy(() -> new ClassificationMetrics(RandomMetrics.names(2)).values())
                .hasMessage("no sample was counted");
    }
}
