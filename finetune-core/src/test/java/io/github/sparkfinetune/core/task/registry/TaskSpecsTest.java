package io.github.sparkfinetune.core.task.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TaskSpecsTest {
    private static final List<String> LABELS = List.of("ham", "spam");

    private static TaskSpec spec(Task task, String... settings) {
        String name = task.name().toLowerCase(Locale.ROOT).replace('_', '-');
        String yaml = "{model: m, task: " + name + ", data: {train: t}, output: {dir: o}}";
        return TaskSpecs.of(RunConfigLoader.parse(yaml, "run.yaml", List.of(settings)));
    }

    @ParameterizedTest
    @EnumSource(Task.class)
    void listsAllNamedColumnsInTheEvaluationOfATask(Task task) {
        TaskSpec spec = of(task);
        assertColumns(spec);
    }

    @ParameterizedTest
    @EnumSource(ProblemType.class)
    void listsAllNamedColumnsInTheEvaluationOfAProblemType(ProblemType problem) {
        assertColumns(of(problem));
        Metric loss = of(problem).metric("loss");
        assertThat(loss.greaterIsBetter()).isFalse();
    }

    private static TaskSpec of(Task task) {
        return of("task: " + json(task));
    }

    private static TaskSpec of(ProblemType problem) {
        return of("task: classification, classification: {problem_type: " + json(problem) + "}");
    }

    private static String json(Enum<?> constant) {
        return new ObjectMapper().valueToTree(constant).textValue();
    }

    private static TaskSpec of(String yaml) {
        return TaskSpecs.of(RunConfigLoader.parse(
                "{model: m, data: {train: t}, output: {dir: o}, " + yaml + "}", "test.yaml", List.of()));
    }

    private static void assertColumns(TaskSpec spec) {
        assertThat(spec.evaluationRows().names())
                .doesNotHaveDuplicates()
                .containsAll(spec.keyColumns())
                .containsAll(spec.rankingColumns().stream()
                        .flatMap(ranking ->
                                Stream.of(ranking.queryId(), ranking.query(), ranking.documentId(), ranking.document()))
                        .toList())
                .containsAll(spec.answerColumns().stream()
                        .flatMap(answer -> Stream.of(answer.prompt(), answer.reference(), answer.generated()))
                        .toList());
        assertThat(spec.predictionRows().names()).doesNotHaveDuplicates().contains("index", "file", "error");
        if (spec.rankingColumns().isEmpty()) {
            assertThat(texts(spec.evaluationRows()))
                    .containsAll(texts(spec.measuredRows(LABELS).type()));
        }
    }

    @ParameterizedTest
    @EnumSource(Task.class)
    void prefersLowerLoss(Task task) {
        Metric loss = of(task).metric("loss");

        assertThat(loss.improves(1, 2)).isTrue();
        assertThat(loss.improves(2, 1)).isFalse();
        assertThat(loss.improves(1, 1)).isFalse();
    }

    @Test
    void choosesTheBestModelByTrainingMetrics() {
        TaskSpec classification = of(Task.CLASSIFICATION);
        assertThat(classification.metric("loss").greaterIsBetter()).isFalse();
        assertThat(classification.metric("accuracy").greaterIsBetter()).isTrue();
        assertThat(classification.metric("f1_macro").greaterIsBetter()).isTrue();
        assertThat(of(Task.SFT).metric("perplexity").greaterIsBetter()).isFalse();
        assertThatThrownBy(() -> of(Task.SFT).metric("accuracy"))
                .isInstanceOf(RunException.class)
                .hasMessage("training.metric_for_best_model: accuracy is not measured during training,"
                        + " set it to one of [loss, perplexity]");
    }

    @Test
    void sumsPartsOfClassificationRows() {
        Object[][] rows = {
            {"ham", "ham", new double[] {0.75, 0.25}, 0.5},
            {"ham", "spam", new double[] {0.25, 0.75}, 2.0},
            {"spam", "spam", new double[] {0.375, 0.625}, 0.5}
        };

        assertThat(added(of(Task.CLASSIFICATION), LABELS, rows).confusion())
                .isDeepEqualTo(new long[][] {{1, 1}, {0, 1}});
        assertMeasured(of(Task.CLASSIFICATION), LABELS, rows, 1.0);
    }

    @Test
    void sumsPartsOfMultiLabelRows() {
        Object[][] rows = {
            {List.of("ham", "spam"), new double[] {0.75, 0.25}, 0.5},
            {List.of(), new double[] {0.25, 0.75}, 2.0},
            {List.of("spam"), new double[] {0.375, 0.625}, 0.5}
        };

        Metrics metrics = added(of(ProblemType.MULTI_LABEL_CLASSIFICATION), LABELS, rows);
        assertThat(metrics.values())
                .containsEntry("loss", 1.0)
                .containsEntry("subset_accuracy", 1 / 3.0)
                .containsEntry("f1_micro", 4 / 6.0);
        assertThat(metrics.confusion()).isEmpty();
        assertThat(metrics.values())
                .isEqualTo(whole(of(ProblemType.MULTI_LABEL_CLASSIFICATION), LABELS, rows)
                        .values());
    }

    @Test
    void sumsPartsOfRegressionRows() {
        Object[][] rows = {{1.0, 2.0}, {-1.0, -1.0}, {0.5, 2.5}};

        assertMeasured(of(ProblemType.REGRESSION), List.of("LABEL_0"), rows, 5 / 3.0);
    }

    @Test
    void sumsPartsOfTokenClassificationRows() {
        Object[][] rows = {
            {List.of("B-X", "I-X", "O"), List.of("B-X", "O", "O"), 0.5, 3L},
            {List.of("O"), List.of("O"), 2.5, 1L}
        };

        assertMeasured(of(Task.TOKEN_CLASSIFICATION), List.of("B-X", "I-X", "O"), rows, 1.0);
        assertThat(added(of(Task.TOKEN_CLASSIFICATION), List.of("B-X", "I-X", "O"), rows)
                        .values())
                .containsEntry("accuracy", 0.75)
                .containsEntry("f1", 0.0);
    }

    @Test
    void sumsPartsOfLanguageModelRows() {
        // The rows are an sft row without an answer, a document without a label, and an answer.
        Object[][] rows = {{1.0, 3L, null, null, null}, {null, 0L, null, null, null}, {2.0, 1L, 0.5, 0.25, 0.75}};

        assertMeasured(of(Task.SFT), List.of(), rows, 1.25);
        assertThat(added(of(Task.SFT), List.of(), rows).values())
                .containsEntry("perplexity", Math.exp(1.25))
                .containsEntry("rougeL", 0.75);
        assertThat(added(of(Task.CAUSAL_LM), List.of(), Arrays.copyOf(rows, 2)).values())
                .containsOnlyKeys("loss", "perplexity");
    }

    @Test
    void sumsPartsOfQuestionRows() {
        TaskSpec spec = spec(Task.QUESTION_ANSWERING, "question_answering.version_2_with_negative=true");
        Object[][] rows = {
            {List.of("the author", "author"), "author", 0.5, 2},
            {List.of("an author of it"), "author", 2.0, 1},
            {List.of(), null, 1.0, 1},
            {List.of(), "author", 1.0, 1}
        };

        Map<String, Double> values = added(spec, List.of(), rows).values();
        assertThat(values).isEqualTo(whole(spec, List.of(), rows).values());
        assertThat(values)
                .containsEntry("loss", 1.0)
                .containsEntry("exact_match", 50.0)
                .containsEntry("HasAns_f1", 75.0)
                .containsEntry("NoAns_f1", 50.0)
                .doesNotContainKey("best_f1");
    }

    @Test
    void savesTheNoAnswerThresholdWithTheModel() {
        HfConfig saved = HfConfig.read(GoldenFiles.root().resolve("models").resolve("bert-qa"));
        Map<String, Double> eval = Map.of("HasAns_f1", 50.0, "NoAns_f1", 50.0, "null_score_diff_threshold", -1.5);
        TaskSpec version2 = spec(Task.QUESTION_ANSWERING, "question_answering.version_2_with_negative=true");
        assertThat(version2.tunedConfig(saved, eval).number(7, "null_score_diff_threshold"))
                .isCloseTo(-1.5, within(1e-3))
                .isGreaterThan(-1.5);
        // Without both kinds of questions every threshold is equally good.
        assertThat(version2.tunedConfig(saved, Map.of("null_score_diff_threshold", 2.0)))
                .isSameAs(saved);
        assertThat(spec(Task.QUESTION_ANSWERING).tunedConfig(saved, eval)).isSameAs(saved);
        assertThat(version2.metric("best_f1").greaterIsBetter()).isTrue();
        assertThatThrownBy(() -> spec(Task.QUESTION_ANSWERING).metric("best_f1"))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("set it to one of [loss, exact_match, f1]");
    }

    @Test
    void sumsPartsOfMaskedLmRows() {
        // The second row has no masked token.
        Object[][] rows = {{1.0, 3L, 2L}, {null, 0L, 0L}, {2.0, 1L, 1L}};

        assertMeasured(of(Task.MASKED_LM), List.of(), rows, 1.25);
        assertThat(added(of(Task.MASKED_LM), List.of(), rows).values())
                .containsEntry("perplexity", Math.exp(1.25))
                .containsEntry("accuracy", 0.75);
    }

    @Test
    void sumsPartsOfPreferenceRows() {
        Object[][] rows = {{0.5, 2.0, 1.0, -3.0, -4.0}, {1.5, -1.0, 1.0, -5.0, -2.0}};

        Metrics whole = added(of(Task.PREFERENCE), List.of(), rows);
        assertThat(whole.values())
                .isEqualTo(whole(of(Task.PREFERENCE), List.of(), rows).values());
        assertThat(whole.values())
                .containsEntry("loss", 1.0)
                .containsEntry("rewards/chosen", 0.5)
                .containsEntry("rewards/rejected", 1.0)
                .containsEntry("rewards/margins", -0.5)
                .containsEntry("rewards/accuracies", 0.5)
                .containsEntry("logps/chosen", -4.0);
    }

    @Test
    void sumsPartsOfUnpairedPreferenceRows() {
        // Label (1 good, 0 bad), log-ratio, log-probability, and log-ratio of the answer to another prompt.
        Object[][] rows = {{1, 12.0, -3.0, 4.0}, {0, 2.0, -5.0, 1.0}, {0, -8.0, -7.0, 1.0}};

        Metrics whole = added(of(Task.UNPAIRED_PREFERENCE), List.of(), rows);
        assertThat(whole.values())
                .isEqualTo(whole(of(Task.UNPAIRED_PREFERENCE), List.of(), rows).values());
        // Rewards are relative to 2.0, the mean log-ratio of answers to other prompts.
        double loss = (1 - 1 / (1 + Math.exp(-1)) + 0.5 + 1 - 1 / (1 + Math.exp(-1))) / 3;
        assertThat(whole.values().get("loss")).isCloseTo(loss, within(1e-12));
        assertThat(whole.values().get("rewards/rejected")).isCloseTo(-0.3, within(1e-12));
        assertThat(whole.values().get("rewards/margins")).isCloseTo(1.5, within(1e-12));
        assertThat(whole.values())
                .containsEntry("kl", 2.0)
                .containsEntry("logps/chosen", -3.0)
                .containsEntry("logps/rejected", -6.0);
        assertThat(added(of(Task.UNPAIRED_PREFERENCE), List.of(), new Object[][] {rows[1]})
                        .values())
                .containsOnlyKeys("loss", "kl", "rewards/rejected", "logps/rejected");
    }

    private static void assertMeasured(TaskSpec spec, List<String> labels, Object[][] rows, double loss) {
        Metrics whole = whole(spec, labels, rows);

        assertThat(whole.values()).containsEntry("loss", loss);
        assertThat(whole.values().keySet())
                .containsExactlyElementsOf(
                        spec.metrics().stream().map(Metric::name).toList());
        assertThat(added(spec, labels, rows).values()).isEqualTo(whole.values());
    }

    /** Returns the metrics of rows that are measured one by one and summed. */
    private static Metrics added(TaskSpec spec, List<String> labels, Object[][] rows) {
        List<Metrics> parts =
                Arrays.stream(rows).map(row -> whole(spec, labels, row)).toList();
        return spec.measuredRows(labels)
                .metrics()
                .ofParts(
                        parts.stream().map(Metrics::counts).toList(),
                        parts.stream().map(Metrics::observations).toList());
    }

    private static Metrics whole(TaskSpec spec, List<String> labels, Object[]... rows) {
        return TestRows.measuredValues(spec.measuredRows(labels), rows);
    }

    /** Returns each column with its type, and a question mark if its values may be null. */
    private static List<String> texts(RowType<?> type) {
        return type.columns().stream()
                .map(column -> column.name() + " " + column.type() + (column.isNullable() ? "?" : "")
                        + (column.type() == Column.Type.ROWS ? " " + texts(column.rows()) : ""))
                .toList();
    }

    /** The resource was written before rows were records. */
    @Test
    void filesHaveTheColumnsThatTheyHad() throws IOException {
        List<String> expected;
        try (InputStream in = getClass().getResourceAsStream("task-rows.txt")) {
            expected = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        List<String> actual = new ArrayList<>();
        Set<Task> tasks = EnumSet.noneOf(Task.class);
        for (String line : expected) {
            if (line.startsWith("{")) {
                RunConfig config = RunConfigLoader.parse(
                        "{model: m, data: {train: t}, output: {dir: o}, " + line.substring(1), "test.yaml", List.of());
                tasks.add(config.task());
                TaskSpec spec = TaskSpecs.of(config);
                actual.add(line);
                actual.add("  evaluation");
                texts(spec.evaluationRows()).forEach(text -> actual.add("    " + text));
                actual.add("  prediction");
                texts(spec.predictionRows()).forEach(text -> actual.add("    " + text));
            }
        }
        assertThat(actual).isEqualTo(expected);
        assertThat(tasks).containsExactlyInAnyOrder(Task.values());
    }
}
