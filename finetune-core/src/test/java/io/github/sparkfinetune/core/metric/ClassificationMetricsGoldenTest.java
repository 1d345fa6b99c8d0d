package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** scikit-learn's own figures. */
class ClassificationMetricsGoldenTest {
    private static final double TOLERANCE = 1e-9;
    /** The other sections have tests of their own. */
    private static final Set<String> SUPPORTED = Set.of("classification", "rouge", "perplexity");

    @Test
    void metricsAreThoseOfScikitLearn(TestReporter reporter) {
        JsonNode golden = GoldenFiles.json("metrics.json");
        golden.fieldNames().forEachRemaining(section -> {
            if (!SUPPORTED.contains(section)) {
                reporter.publishEntry("metrics.json section not supported yet", section);
            }
        });
        assertThat(golden.get("classification")).isNotEmpty().allSatisfy(ClassificationMetricsGoldenTest::check);
    }

    private static void check(JsonNode expected) {
        List<Integer> truth = ints(expected.get("y_true"));
        List<Integer> predicted = ints(expected.get("y_pred"));
        int classes = 1 + Math.max(max(truth), max(predicted));
        // Two halves, as two ranks count them, and a class that never occurs.
        ClassificationMetrics first = new ClassificationMetrics(classes + 1);
        ClassificationMetrics second = new ClassificationMetrics(classes + 1);
        for (int i = 0; i < truth.size(); i++) {
            (i % 2 == 0 ? first : second).add(truth.get(i), predicted.get(i), 0);
        }
        double[] sums = first.counts();
        Arrays.setAll(sums, i -> sums[i] + second.counts()[i]);
        ClassificationMetrics metrics = first.of(sums);

        expected.fieldNames().forEachRemaining(key -> {
            switch (key) {
                case "y_true", "y_pred" -> {}
                case "accuracy" -> close(metrics.accuracy(), expected.get(key));
                case "mcc" -> close(metrics.matthewsCorrelation(), expected.get(key));
                case "confusion" -> checkConfusion(metrics.confusion(), expected.get(key), truth, predicted);
                case "macro" -> check(metrics.macro(), expected.get(key));
                case "micro" -> check(metrics.micro(), expected.get(key));
                case "weighted" -> check(metrics.weighted(), expected.get(key));
                case "binary" -> check(metrics.ofClass(1), expected.get(key));
                default -> throw new AssertionError("metrics.json classification: unknown key " + key);
            }
        });
    }

    private static void check(ClassificationMetrics.Scores scores, JsonNode expected) {
        close(scores.precision(), expected.get("precision"));
        close(scores.recall(), expected.get("recall"));
        close(scores.f1(), expected.get("f1"));
    }

    /** scikit-learn's matrix has rows and columns for the classes that occur only. */
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
