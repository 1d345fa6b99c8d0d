package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Regression metrics equal those of scikit-learn and SciPy. */
class RegressionMetricsTest {
    private static final Set<String> INPUTS = Set.of("y_true", "y_pred");

    @Test
    void equalsTheGoldenMetricsOfScikitLearn() {
        assertThat(Reference.cases(GoldenFiles.json("metrics.json").get("regression")))
                .isNotEmpty()
                .allSatisfy(expected -> {
                    Map<String, Double> values = metrics(expected).values();
                    // The golden file has no values for these metrics.
                    values.keySet().removeAll(Set.of("loss", "rmse", "spearmanr"));
                    Reference.close(values, expected, INPUTS);
                });
    }

    @Test
    void equalsScikitLearnAndSciPyForTiesAndConstants() {
        assertThat(Reference.cases("regression"))
                .allSatisfy(expected -> Reference.close(metrics(expected).values(), expected, INPUTS));
    }

    @Test
    void reportsNaNForANaNPrediction() {
        RegressionMetrics metrics = new RegressionMetrics();
        metrics.add(1, 2);
        metrics.add(2, Double.NaN);

        assertThat(metrics.values()).containsEntry("loss", Double.NaN).doesNotContainKeys("pearson", "spearmanr");
        assertThatThrownBy(() -> new RegressionMetrics().values()).hasMessage("no sample was counted");
    }

    private static RegressionMetrics metrics(JsonNode expected) {
        RegressionMetrics metrics = new RegressionMetrics();
        for (int i = 0; i < expected.get("y_true").size(); i++) {
            metrics.add(
                    expected.get("y_true").get(i).doubleValue(),
                    expected.get("y_pred").get(i).doubleValue());
        }
        return metrics;
    }
}
