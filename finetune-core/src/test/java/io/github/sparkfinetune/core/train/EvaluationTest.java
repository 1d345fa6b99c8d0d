package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.collective.exchange.Ranks;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.metric.RandomMetrics;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.train.step.Evaluation;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluationTest {
    private static final int SAMPLES = 50;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void measuresTheSameOnAllRanks(int count) throws Exception {
        try (Ranks ranks = Ranks.join(count)) {
            for (RandomMetrics.Kind kind : RandomMetrics.Kind.values()) {
                Metrics whole = kind.none();
                for (int sample = 0; sample < SAMPLES; sample++) {
                    kind.add(whole, sample);
                }
                List<Map<String, Double>> measured = ranks.play(exchange ->
                        new Evaluation(new Samples(), 1).run(new Counting(kind), exchange, () -> {}, () -> {}));
                assertThat(measured).hasSize(count).containsOnly(measured.get(0));
                RandomMetrics.assertSame(measured.get(0), whole.values());
            }
        }
    }

    @Test
    void keepsNoBestModelWithoutTheMetric() {
        BestModel best = new BestModel(new Metric("pearson", true), 0);

        assertThatThrownBy(() -> best.improvedBy(1, Map.of("loss", 1.0)))
                .hasMessage("training.metric_for_best_model: pearson is not defined for the evaluation rows,"
                        + " set it to one of [loss]");
        assertThat(best.improvedBy(1, Map.of("loss", 1.0, "pearson", -0.5))).isTrue();
        assertThat(best.improvedBy(2, Map.of("loss", 1.0))).isFalse();
        assertThat(best.improvedBy(3, Map.of("loss", 1.0, "pearson", 0.5))).isTrue();
        assertThat(best.step()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keepsNoBestModelWithANaNMetric(boolean greaterIsBetter) {
        BestModel best = new BestModel(new Metric("metric", greaterIsBetter), 2);

        assertThat(best.improvedBy(1, Map.of("metric", Double.NaN))).isFalse();
        assertThat(best.step()).isEqualTo(-1);
        assertThat(best.improvedBy(2, Map.of("metric", 0.5))).isTrue();
        assertThat(best.improvedBy(3, Map.of("metric", Double.NaN))).isFalse();
        assertThat(best.improvedBy(4, Map.of("metric", greaterIsBetter ? 0.75 : 0.25)))
                .isTrue();
        assertThat(best.isOver()).isFalse();
        assertThat(best.step()).isEqualTo(4);
    }

    @Test
    void stopsEarlyIfAllEvaluationsAreNaN() {
        BestModel best = new BestModel(new Metric("loss", false), 2);

        assertThat(best.improvedBy(1, Map.of("loss", Double.NaN))).isFalse();
        assertThat(best.isOver()).isFalse();
        assertThat(best.improvedBy(2, Map.of("loss", Double.NaN))).isFalse();
        assertThat(best.isOver()).isTrue();
    }

    /** A scorer that counts random metrics without a model. */
    private record Counting(RandomMetrics.Kind kind, Metrics metrics) implements Scorer {
        Counting(RandomMetrics.Kind kind) {
            this(kind, kind.none());
        }

        @Override
        public void add(List<Sample> samples, int batchSize) {
            samples.forEach(sample -> kind.add(metrics, sample.index()));
        }
    }

    private static final class Samples implements SampleSource {
        @Override
        public List<Integer> rowGroups() {
            return List.of(SAMPLES);
        }

        @Override
        public Sample read(long index) {
            return new Sample(index, new int[1], new int[1], 0);
        }

        @Override
        public void close() {}
    }
}
