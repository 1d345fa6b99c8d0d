package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Classification metrics equal those of scikit-learn. */
class ClassificationMetricsGoldenTest {
    private static final double TOLERANCE = 1e-9;

    @Test
    void equalsTheMetricsOfScikitLearn() {
        assertThat(GoldenFiles.json("metrics.json").get("classification"))
                .isNotEmpty()
                .allSatisfy(ClassificationMetricsGoldenTest::check);
    }

    private static void check(JsonNode expected) {
        List<Integer> truth = ints(expected.get("y_true"));
        List<Integer> predicted = ints(expected.get("y_pred"));
        int classes = 1 + Math.max(max(truth), max(predicted));
        // Two halves, as two ranks count them, and a class that never occurs.
        ClassificationMetrics first = new ClassificationMetrics(RandomMetrics.names(classes + 1));
        ClassificationMetrics second = new ClassificationMetrics(RandomMetrics.names(classes + 1));
        for (int i = 0; i < truth.size(); i++) {
            (i % 2 == 0 ? first : second).add(truth.get(i), predicted.get(i), new double[classes + 1], 0);
        }
        ClassificationMetrics metrics = (ClassificationMetrics) first.ofParts(
                List.of(first.counts(), second.counts()), List.of(first.observations(), second.observations()));

        expected.fieldNames().forEachRemaining(key -> {
            switch (key) {
                case "y_true", "y_pred" -> {}
                case "accuracy" -> close(metrics.accuracy(), expected.get(key));
                case "mcc" -> close(metrics.matthewsCorrelation(), expected.get(key));
                case "confusion" -> checkConfusion(metrics.confusion(), expected.get(key), truth, predicted);
                case "macro" -> check(metrics.classScores().macroOverOccurring(), expected.get(key));
                case "micro" -> check(metrics.classScores().micro(), expected.get(key));
                case "weighted" -> check(metrics.classScores().weighted(), expected.get(key));
                case "binary" -> check(metrics.classScores().ofClass(1), expected.get(key));
                default -> throw new AssertionError("metrics.json classification: unknown key " + key);
            }
        });
    }

    private static void check(PrecisionRecall scores, JsonNode expected) {
        close(scores.precision(), expected.get("precision"));
        close(scores.recall(), expected.get("recall"));
        close(scores.f1(), expected.get("f1"));
    }

    /** Compares the confusion matrices. scikit-learn's matrix has rows and columns only for classes that occur. */
    private static void checkConfusion(
            long[][] confusion, JsonNode expected, List<Integer> truth, List<Integer> predicted) {
        List<Integer> present = new ArrayList<>();
        for (int id = 0; id < confusion.length; id++) {
            if (truth.contains(id) || predicted.contains(id)) {
                present.add(id);
            }
        }
        assertThat(expected).hasSize(present.size());
        for (int row = 0; row < present.size(); row++) {
            for (int column = 0; column < present.size(); column++) {
                assertThat(confusion[present.get(row)][present.get(column)])
                        .isEqualTo(expected.get(row).get(column).longValue());
            }
        }
    }

    private static void close(double actual, JsonNode expected) {
        assertThat(actual).isCloseTo(expected.doubleValue(), within(TOLERANCE));
    }

    private static List<Integer> ints(JsonNode values) {
        List<Integer> ints = new ArrayList<>();
        values.forEach(value -> ints.add(value.intValue()));
        return ints;
    }

    private static int max(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).max().orElseThrow();
    }
}
