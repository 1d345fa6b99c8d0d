package io.github.sparkfinetune.core.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.Metrics;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TaskSpecsTest {
    private static final List<String> LABELS = List.of("ham", "spam");

    @ParameterizedTest
    @EnumSource(Task.class)
    void columnsThatATaskNamesAreAmongThoseOfItsEvaluation(Task task) {
        TaskSpec spec = TaskSpecs.of(task);

        List<String> columns =
                spec.evaluationColumns().stream().map(Column::name).toList();
        assertThat(columns)
                .doesNotHaveDuplicates()
                .containsAll(spec.keyColumns())
                .containsAll(spec.metricColumns())
                .containsAll(spec.answerColumns());
        assertThat(spec.predictionColumns().stream().map(Column::name))
                .doesNotHaveDuplicates()
                .contains("index", "error");
    }

    @ParameterizedTest
    @EnumSource(Task.class)
    void lessLossIsBetter(Task task) {
        Metric loss = TaskSpecs.of(task).metric("loss");

        assertThat(loss.improves(1, 2)).isTrue();
        assertThat(loss.improves(2, 1)).isFalse();
        assertThat(loss.improves(1, 1)).isFalse();
    }

    @Test
    void theBestModelIsFoundByWhatIsMeasuredWhileTraining() {
        TaskSpec classification = TaskSpecs.of(Task.CLASSIFICATION);
        assertThat(classification.metric("loss").greaterIsBetter()).isFalse();
        assertThat(classification.metric("accuracy").greaterIsBetter()).isTrue();
        assertThat(classification.metric("f1_macro").greaterIsBetter()).isTrue();
        assertThat(TaskSpecs.of(Task.SFT).metric("perplexity").greaterIsBetter())
                .isFalse();
        assertThatThrownBy(() -> TaskSpecs.of(Task.SFT).metric("accuracy"))
                .isInstanceOf(RunException.class)
                .hasMessage("training.metric_for_best_model: accuracy is not measured while training,"
                        + " there are [loss, perplexity]");
    }

    @Test
    void partsOfAClassifiersRowsAddUp() {
        Object[][] rows = {
            {"ham", "ham", new double[] {0.75, 0.25}, 0.5},
            {"ham", "spam", new double[] {0.25, 0.75}, 2.0},
            {"spam", "spam", new double[] {0.375, 0.625}, 0.5}
        };

        assertThat(added(TaskSpecs.of(Task.CLASSIFICATION), LABELS, rows).confusion())
                .isDeepEqualTo(new long[][] {{1, 1}, {0, 1}});
        assertMeasured(TaskSpecs.of(Task.CLASSIFICATION), LABELS, rows, 1.0);
    }

    @Test
    void partsOfALanguageModelsRowsAddUp() {
        // A document without a label, and one without an answer.
        Object[][] rows = {{1.0, 3L, null, null, null}, {null, 0L, null, null, null}, {2.0, 1L, 0.5, 0.25, 0.75}};

        assertMeasured(TaskSpecs.of(Task.SFT), List.of(), rows, 1.25);
        assertThat(added(TaskSpecs.of(Task.SFT), List.of(), rows).values())
                .containsEntry("perplexity", Math.exp(1.25))
                .containsEntry("rougeL", 0.75);
        assertThat(added(TaskSpecs.of(Task.CAUSAL_LM), List.of(), Arrays.copyOf(rows, 2))
                        .values())
                .containsOnlyKeys("loss", "perplexity");
    }

    private static void assertMeasured(TaskSpec spec, List<String> labels, Object[][] rows, double loss) {
        Metrics whole = spec.metrics(iterator(rows), labels);

        assertThat(whole.values()).containsEntry("loss", loss);
        assertThat(whole.values().keySet())
                .containsExactlyElementsOf(
                        spec.metrics().stream().map(Metric::name).toList());
        assertThat(added(spec, labels, rows).values()).isEqualTo(whole.values());
    }

    /** The metrics of rows that are counted one by one. */
    private static Metrics added(TaskSpec spec, List<String> labels, Object[][] rows) {
        List<Metrics> parts = Arrays.stream(rows)
                .map(row -> spec.metrics(iterator(row), labels))
                .toList();
        return spec.metrics(Collections.emptyIterator(), labels)
                .ofParts(
                        parts.stream().map(Metrics::counts).toList(),
                        parts.stream().map(Metrics::observations).toList());
    }

    private static Iterator<Object[]> iterator(Object[]... rows) {
        return Arrays.asList(rows).iterator();
    }
}
