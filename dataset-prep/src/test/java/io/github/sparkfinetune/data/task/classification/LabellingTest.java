package io.github.sparkfinetune.data.task.classification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelReader;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TextRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several labels for each text, and numbers. */
class LabellingTest {
    private static final String MULTI = "classification.problem_type=multi_label_classification";
    private static final String REGRESSION = "classification.problem_type=regression";

    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    LabellingTest() throws IOException {}

    private static ClassificationData task(String... settings) {
        return ClassificationData.of(Rows.config("classification", List.of(settings), "text: text"));
    }

    private static LabelReader.Label read(ProblemType problem, DataFormat format, String label)
            throws UnusableRowException {
        return Labelling.of(problem).reader(format).read(label);
    }

    private static LabelReader.Label several(String label) throws UnusableRowException {
        return read(ProblemType.MULTI_LABEL_CLASSIFICATION, DataFormat.JSONL, label);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "[\"b\", \"a\"]; a,b",
                "[ \" a \",\"a\", \"\" ]; a",
                "[]; ''",
                "[1, 2.5]; 1,2.5",
                "[\"a|b\"]; a|b",
                "a; a",
                "b | a|; a,b",
                "''; ''",
                "|; ''",
            })
    void readsSeveralLabelsFromAListOrATextWithBars(String label, String names) throws UnusableRowException {
        assertThat(several(label).names()).isEqualTo(names.isEmpty() ? Set.of() : Set.of(names.split(",")));
        assertThat(several(label).stratum()).isEqualTo(CleanRow.ALL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "[\"a\"] b", "[null]", "[[\"a\"]]", "[{\"a\": 1}]", "[true]", "[a]"})
    void refusesAListOfOtherValues(String label) {
        assertThatThrownBy(() -> several(label)).hasMessage(MultiLabel.MALFORMED);
    }

    @Test
    void readsAMissingValueAsNoLabelInCsvOnly() throws UnusableRowException {
        assertThatThrownBy(() -> several(null)).hasMessage(UnusableRowException.NO_LABEL);
        assertThat(read(ProblemType.MULTI_LABEL_CLASSIFICATION, DataFormat.CSV, null)
                        .names())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "-1.5, -1.5", "+.5, 0.5", "2., 2", "1e-3, 0.001", "1E3, 1000", "-0, -0.0"})
    void readsANumber(String label, double number) throws UnusableRowException {
        assertThat(read(ProblemType.REGRESSION, DataFormat.CSV, label))
                .isEqualTo(new LabelReader.Label(CleanRow.ALL, Set.of("LABEL_0"), number));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"NaN", "Infinity", "1e39", "1e999", "-1e39", "3,5", "1d", "0x1p3", "three", ".", "1 2", "[1]"})
    void refusesATextThatIsNoNumber(String label) {
        assertThatThrownBy(() -> read(ProblemType.REGRESSION, DataFormat.CSV, label))
                .hasMessage(NumberLabel.NOT_A_NUMBER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SINGLE_LABEL_CLASSIFICATION", "REGRESSION"})
    void refusesAnEmptyLabel(ProblemType problem) {
        for (String label : new String[] {null, ""}) {
            assertThatThrownBy(() -> read(problem, DataFormat.CSV, label)).hasMessage(UnusableRowException.NO_LABEL);
        }
    }

    @Test
    void makesASampleWithATargetForEachLabel() throws IOException {
        ClassificationData task = task(MULTI);
        List<CleanRow<TextRows.Content>> rows = Rows.clean(
                task.reading(Rows.jsonLines(), files, true),
                Rows.row("free", "[\"spam\", \"ham\"]"),
                Rows.row("text", "spam"),
                Rows.row("no", "[]"));
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(task, files, List.of("ham", "other", "spam"), rows, samples);
        assertThat(samples)
                .extracting(Sample::targets)
                .containsExactly(new double[] {1, 0, 1}, new double[] {0, 0, 1}, new double[3]);
        assertThat(samples).extracting(Sample::label).containsOnly(-1);
        assertThat(counts.toSplit(List.of()).rowsPerLabel()).containsExactly(1L, 0L, 2L);
        assertThat(task.schema())
                .isEqualTo(new SampleSchema(Set.of(SampleSchema.Column.INPUT_IDS, SampleSchema.Column.TARGETS)));
        assertThat(task.options(files).problemType()).isEqualTo("multi_label_classification");
        // Labels are counted separately from the strata.
        assertThat(task.rowsPerLabel(Map.of(CleanRow.ALL, 3L), Map.of("ham", 1L)))
                .isEqualTo(Map.of("ham", 1L));
    }

    @Test
    void makesASampleWithItsNumber() throws IOException {
        ClassificationData task =
                ClassificationData.of(Rows.config("classification", List.of(REGRESSION), "text_pair: other"));
        List<CleanRow<TextRows.Content>> rows = Rows.clean(
                task.reading(Rows.jsonLines(), files, true),
                Rows.row("free", "text", " 0.1 "),
                Rows.row("no", "s", "0"));
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(task, files, List.of("LABEL_0"), rows, samples);
        assertThat(samples).extracting(Sample::targets).containsExactly(new double[] {0.1}, new double[] {0});
        assertThat(samples.get(0).tokenTypeIds()).contains(0, 1);
        assertThat(counts.toSplit(List.of()).rowsPerLabel()).containsExactly(2L);
        assertThat(task.labelNames(Set.of("LABEL_0"))).containsExactly("LABEL_0");
        assertThat(task.options(files).problemType()).isEqualTo("regression");
    }

    @Test
    void refusesLabelsThatCannotBeTrained() {
        assertThatThrownBy(() -> task(MULTI).labelNames(List.of()))
                .isInstanceOf(RunException.class)
                .hasMessage("data.train: no row has a label: multi_label_classification needs at least one");
        assertThat(task(MULTI).labelNames(List.of("only"))).containsExactly("only");
        assertThatThrownBy(() -> task("classification.class_weight={hamm: 2}").labelNames(List.of("ham", "spam")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("no training row has the label hamm, there are ham, spam");
    }
}
