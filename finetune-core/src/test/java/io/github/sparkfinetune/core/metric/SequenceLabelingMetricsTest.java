package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Sequence labeling metrics equal those of seqeval. */
class SequenceLabelingMetricsTest {
    @Test
    void equalsTheGoldenMetricsOfSeqeval() {
        assertThat(Reference.cases(GoldenFiles.json("metrics.json").get("seqeval")))
                .isNotEmpty()
                .allSatisfy(expected -> {
                    assertThat(expected.fieldNames())
                            .toIterable()
                            .containsExactlyInAnyOrder("y_true", "y_pred", "accuracy", "default", "strict");
                    SequenceLabelingMetrics metrics = metrics(expected, labels(expected));
                    Reference.close(metrics.accuracy(), expected.get("accuracy"));
                    check(metrics, metrics.entities(), expected.get("default"));
                    check(metrics, metrics.strictEntities(), expected.get("strict"));
                });
    }

    @Test
    void readsAllSchemesAsSeqevalDoes() {
        assertThat(Reference.cases("seqeval")).allSatisfy(expected -> {
            SequenceLabelingMetrics metrics = metrics(expected, Reference.texts(expected.get("tags")));
            Reference.close(metrics.accuracy(), expected.get("accuracy"));
            checkAverages(metrics.entities(), expected);
        });
    }

    @Test
    void reportsStrictScoresOnlyForIob2Labels() {
        assertThat(counted("B-A", "I-A", "O").values()).containsEntry("f1_strict", 1.0);
        assertThat(counted("B-A", "I-A", "E-A", "O").values()).doesNotContainKey("f1_strict");
        assertThat(counted("I-A", "O").values()).doesNotContainKey("f1_strict");
        assertThat(counted("NOUN", "VERB").values())
                .containsEntry("accuracy", 1.0)
                .doesNotContainKey("f1_strict");
    }

    @Test
    void averagesTheLossOverTags() {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(List.of("O", "B-A"));
        metrics.add(List.of("O"), List.of("B-A"), 2);
        metrics.add(List.of("O", "B-A", "O"), List.of("O", "O", "O"), 1);

        assertThat(metrics.values()).containsEntry("loss", 0.75).containsEntry("accuracy", 0.5);
        assertThat(metrics.values()).containsEntry("f1", 0.0).containsEntry("precision", 0.0);
        assertThat(metrics.byLabel()).isEqualTo(Map.of("A", new PrecisionRecall(0, 0, 0, 1)));
    }

    @Test
    void reportsNoMeanOverTypesWithoutEntities() {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(List.of("O", "B-A"));
        metrics.add(List.of("O"), List.of("O"), 0);

        assertThat(metrics.values()).containsEntry("f1", 0.0).doesNotContainKey("f1_macro");
    }

    @Test
    void refusesRowsThatDoNotMatchTheLabels() {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(List.of("O", "B-A"));

        assertThatThrownBy(() -> metrics.add(List.of("O"), List.of(), 0)).hasMessage("1 tags, 0 predicted");
        assertThatThrownBy(() -> metrics.add(List.of("O"), List.of("I-A"), 0))
                .hasMessage("tag I-A is not one of the labels");
        assertThatThrownBy(metrics::values).hasMessage("no tag was counted");
    }

    private static SequenceLabelingMetrics counted(String... labels) {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(List.of(labels));
        metrics.add(List.of(labels), List.of(labels), 0);
        return metrics;
    }

    private static SequenceLabelingMetrics metrics(JsonNode expected, List<String> labels) {
        SequenceLabelingMetrics metrics = new SequenceLabelingMetrics(labels);
        for (int i = 0; i < expected.get("y_true").size(); i++) {
            metrics.add(
                    Reference.texts(expected.get("y_true").get(i)),
                    Reference.texts(expected.get("y_pred").get(i)),
                    0);
        }
        return metrics;
    }

    private static void check(SequenceLabelingMetrics metrics, ClassScores scores, JsonNode expected) {
        checkAverages(scores, expected);
        List<String> present = new ArrayList<>();
        for (int id = 0; id < metrics.types().size(); id++) {
            if (scores.occurs(id)) {
                present.add(metrics.types().get(id));
            }
        }
        assertThat(expected.get("per_type").fieldNames()).toIterable().containsExactlyInAnyOrderElementsOf(present);
        for (String type : present) {
            PrecisionRecall actual = scores.ofClass(metrics.types().indexOf(type));
            JsonNode expectedType = expected.get("per_type").get(type);
            Reference.close(actual, expectedType);
            assertThat(actual.support()).isEqualTo(expectedType.get("support").longValue());
        }
    }

    private static void checkAverages(ClassScores scores, JsonNode expected) {
        Reference.close(scores.micro(), expected.get("micro"));
        Reference.close(scores.macroOverOccurring(), expected.get("macro"));
        Reference.close(scores.weighted(), expected.get("weighted"));
    }

    /** Returns the labels that occur, and a label that makes the label set an IOB2 one. */
    private static List<String> labels(JsonNode expected) {
        Set<String> labels = new LinkedHashSet<>(List.of("B-PER"));
        for (String rows : List.of("y_true", "y_pred")) {
            expected.get(rows).forEach(row -> labels.addAll(Reference.texts(row)));
        }
        return List.copyOf(labels);
    }
}
