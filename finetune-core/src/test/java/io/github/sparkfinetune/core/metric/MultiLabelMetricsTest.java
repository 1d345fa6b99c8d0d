package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class MultiLabelMetricsTest {
    @Test
    void equalsTheMetricsOfScikitLearn() {
        assertThat(Reference.cases("multi_label")).allSatisfy(MultiLabelMetricsTest::check);
    }

    private static void check(JsonNode expected) {
        List<String> names = IntStream.range(0, expected.get("labels").get(0).size())
                .mapToObj(id -> "label " + id)
                .toList();
        MultiLabelMetrics metrics = new MultiLabelMetrics(names);
        for (int i = 0; i < expected.get("labels").size(); i++) {
            metrics.add(
                    Reference.booleans(expected.get("labels").get(i)),
                    Reference.floats(expected.get("logits").get(i)));
        }
        Reference.close(metrics.values(), expected, Set.of("labels", "logits"));
    }

    @Test
    void hasAFiniteLossIfTheProbabilityUnderflows() {
        MultiLabelMetrics metrics = new MultiLabelMetrics(List.of("a", "b"));
        metrics.add(new boolean[] {true, false}, new float[] {-1000, 1000});

        assertThat(metrics.values())
                .containsEntry("loss", 1000.0)
                .containsEntry("subset_accuracy", 0.0)
                .doesNotContainKey("roc_auc_macro");
    }

    @Test
    @Tag("full")
    void measures20000LabelsInBoundedMemory() {
        int labels = 20_000;
        int samples = 250;
        MultiLabelMetrics metrics = new MultiLabelMetrics(RandomMetrics.names(labels));
        Random random = new Random(3);
        boolean[] truth = new boolean[labels];
        double[] probabilities = new double[labels];
        // All scores of the first label.
        List<Double> positives = new ArrayList<>();
        List<Double> negatives = new ArrayList<>();
        for (int sample = 0; sample < samples; sample++) {
            for (int id = 0; id < labels; id++) {
                truth[id] = random.nextInt(8) == 0;
                probabilities[id] = 1 / (1 + Math.exp(3 - random.nextGaussian() - (truth[id] ? 1 : 0)));
            }
            (truth[0] ? positives : negatives).add(probabilities[0]);
            metrics.add(truth, probabilities, 0);
        }

        assertThat(metrics.observations()).hasSizeLessThan(13_000_000);
        assertThat(metrics.byLabel()).hasSize(labels);
        // Means over this many labels are close to the value of the distributions: P(N(1, 1) > N(0, 1)).
        assertThat(metrics.values().get("roc_auc_macro")).isCloseTo(0.7602, within(1e-3));
        BinaryScores first = new BinaryScores(209);
        positives.forEach(score -> first.add(true, score));
        negatives.forEach(score -> first.add(false, score));
        Ranking exact = Ranking.of(array(positives), array(negatives));
        assertThat(first.rocAuc()).isCloseTo(exact.rocAuc(), within(2e-3));
        assertThat(first.averagePrecision()).isCloseTo(exact.averagePrecision(), within(2e-2));
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Test
    void reportsScoresOnlyForLabelsThatOccur() {
        MultiLabelMetrics metrics = new MultiLabelMetrics(List.of("a", "b", "c"));
        metrics.add(new boolean[] {true, false, false}, new float[] {1, 1, -1});
        metrics.add(new boolean[] {true, false, false}, new float[] {-1, -1, -1});

        assertThat(metrics.byLabel()).containsOnlyKeys("a", "b");
        assertThat(metrics.byLabel().get("a")).isEqualTo(new PrecisionRecall(1, 0.5, 2.0 / 3, 2));
        assertThat(metrics.byLabel().get("b")).isEqualTo(new PrecisionRecall(0, 0, 0, 0));
    }

    @Test
    void refusesSamplesOfAnotherNumberOfLabels() {
        MultiLabelMetrics metrics = new MultiLabelMetrics(List.of("a", "b"));

        assertThatThrownBy(() -> metrics.add(new boolean[1], new double[2], 0))
                .hasMessage("2 labels, 1 truth values, 2 probabilities");
        assertThatThrownBy(metrics::values).hasMessage("no sample was counted");
    }

    @Test
    void formatsANumberOfLabelsAsAnInteger() {
        assertThat(Metric.shown("roc_auc_labels", 12)).isEqualTo("12");
        assertThat(Metric.shown("roc_auc_macro", 0.81254)).isEqualTo("0.8125");
    }
}
