package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MultiLabelMetricsTest {
    @Test
    void metricsAreThoseOfScikitLearn() {
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
    void lossIsFiniteWhereTheProbabilityIsTooSmallForADouble() {
        MultiLabelMetrics metrics = new MultiLabelMetrics(List.of("a", "b"));
        metrics.add(new boolean[] {true, false}, new float[] {-1000, 1000});

        assertThat(metrics.values())
                .containsEntry("loss", 1000.0)
                .containsEntry("subset_accuracy", 0.0)
                .doesNotContainKey("roc_auc_macro");
    }

    @Test
    void aLabelsScoresAreShownWhereItOccurs() {
        MultiLabelMetrics metrics = new MultiLabelMetrics(List.of("a", "b", "c"));
        metrics.add(new boolean[] {true, false, false}, new float[] {1, 1, -1});
        metrics.add(new boolean[] {true, false, false}, new float[] {-1, -1, -1});

        assertThat(metrics.byLabel()).containsOnlyKeys("a", "b");
        assertThat(metrics.byLabel().get("a")).isEqualTo(new PrecisionRecall(1, 0.5, 2.0 / 3, 2));
        assertThat(metrics.byLabel().get("b")).isEqualTo(new PrecisionRecall(0, 0, 0, 0));
    }

    @Test
    void refusesWhatDoesNotFitTheLabels() {
        MultiLabelMetrics metrics = new MultiLabelMetrics(List.of("a", "b"));

        assertThatThrownBy(() -> metrics.add(new boolean[1], new double[2], 0))
                .hasMessage("2 labels, 1 true or not, 2 probabilities");
        assertThatThrownBy(metrics::values).hasMessage("no sample was counted");
    }

    @Test
    void aNumberOfLabelsIsShownAsSuch() {
        assertThat(Metric.shown("roc_auc_labels", 12)).isEqualTo("12");
        assertThat(Metric.shown("roc_auc_macro", 0.81254)).isEqualTo("0.8125");
    }
}
