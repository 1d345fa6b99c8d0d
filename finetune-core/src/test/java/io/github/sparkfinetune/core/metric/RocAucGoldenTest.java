package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Areas under the ROC curve and average precision equal those of scikit-learn. */
class RocAucGoldenTest {
    @Test
    void equalsTheAreasOfScikitLearn() {
        assertThat(Reference.cases(GoldenFiles.json("metrics.json").get("roc_auc")))
                .isNotEmpty()
                .allSatisfy(expected -> {
                    if (expected.get("score").get(0).isNumber()) {
                        checkTwoClasses(expected);
                    } else {
                        checkMoreClasses(expected);
                    }
                });
    }

    @Test
    void ranksTwoClassesByTheProbabilityOfTheSecond() {
        assertThat(Reference.cases("binary")).allSatisfy(expected -> {
            ClassificationMetrics metrics = new ClassificationMetrics(RandomMetrics.names(2));
            for (int i = 0; i < expected.get("labels").size(); i++) {
                metrics.add(
                        expected.get("labels").get(i).intValue(),
                        Reference.floats(expected.get("logits").get(i)));
            }
            Reference.close(metrics.values().get("roc_auc"), expected.get("roc_auc"));
            Reference.close(metrics.values().get("average_precision"), expected.get("average_precision"));
        });
    }

    @Test
    void reportsNoAreaForSamplesOfOneClass() {
        ClassificationMetrics metrics = new ClassificationMetrics(RandomMetrics.names(2));
        metrics.add(1, 1, new double[] {0, 1}, 0);
        assertThat(metrics.values()).doesNotContainKeys("roc_auc", "average_precision");
        // A sample of probability 0 keeps its label.
        metrics.add(0, 1, new double[] {1, 0}, 0);
        metrics.add(1, 0, new double[] {1, 0}, 0);
        assertThat(metrics.values()).containsEntry("roc_auc", 0.75);

        metrics.add(1, 0, new double[] {Double.NaN, Double.NaN}, Double.NaN);
        assertThat(metrics.values())
                .containsEntry("roc_auc", Double.NaN)
                .containsEntry("average_precision", Double.NaN);
    }

    private static void checkTwoClasses(JsonNode expected) {
        ClassificationMetrics metrics = new ClassificationMetrics(RandomMetrics.names(2));
        for (int i = 0; i < expected.get("y_true").size(); i++) {
            double score = expected.get("score").get(i).doubleValue();
            metrics.add(expected.get("y_true").get(i).intValue(), 0, new double[] {1 - score, score}, 0);
        }
        assertThat(expected.fieldNames()).toIterable().containsExactlyInAnyOrder("y_true", "score", "auc");
        Reference.close(metrics.values().get("roc_auc"), expected.get("auc"));
    }

    /** Computes the averages of scikit-learn from the areas of one class against the rest and of pairs of classes. */
    private static void checkMoreClasses(JsonNode expected) {
        int[] truth = Reference.cases(expected.get("y_true")).stream()
                .mapToInt(JsonNode::intValue)
                .toArray();
        List<double[]> scores = Reference.cases(expected.get("score")).stream()
                .map(Reference::doubles)
                .toList();
        int classes = scores.get(0).length;
        MultiLabelMetrics metrics = new MultiLabelMetrics(Collections.nCopies(classes, "class"));
        double[] shares = new double[classes];
        for (int i = 0; i < truth.length; i++) {
            boolean[] labels = new boolean[classes];
            labels[truth[i]] = true;
            metrics.add(labels, scores.get(i), 0);
            shares[truth[i]] += 1.0 / truth.length;
        }
        // The area of class a's probability over the samples of classes a and b only.
        ToDoubleBiFunction<Integer, Integer> area = (a, b) -> {
            BinaryScores ofPair = new BinaryScores(truth.length);
            IntStream.range(0, truth.length)
                    .filter(i -> b < 0 || truth[i] == a || truth[i] == b)
                    .forEach(i -> ofPair.add(truth[i] == a, scores.get(i)[a]));
            return ofPair.rocAuc();
        };
        double ovr = 0;
        List<double[]> pairs = new ArrayList<>();
        for (int a = 0; a < classes; a++) {
            ovr += shares[a] * area.applyAsDouble(a, -1);
            for (int b = a + 1; b < classes; b++) {
                pairs.add(new double[] {(area.applyAsDouble(a, b) + area.applyAsDouble(b, a)) / 2, shares[a] + shares[b]
                });
            }
        }
        double weights = pairs.stream().mapToDouble(pair -> pair[1]).sum();
        Reference.close(
                Map.of(
                        "ovr_macro",
                        metrics.values().get("roc_auc_macro"),
                        "ovr_weighted",
                        ovr,
                        "ovo_macro",
                        pairs.stream().mapToDouble(pair -> pair[0]).sum() / pairs.size(),
                        "ovo_weighted",
                        pairs.stream().mapToDouble(pair -> pair[0] * pair[1]).sum() / weights),
                expected,
                Set.of("y_true", "score"));
    }
}
