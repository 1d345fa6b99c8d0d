package io.github.sparkfinetune.data.task.classification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClassificationDataTest {
    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    ClassificationDataTest() throws IOException {}

    private static ClassificationData task(String... data) {
        return ClassificationData.of(Rows.config("classification", data));
    }

    private Reading<TextRows.Content> reading(ClassificationData task) {
        return task.reading(Rows.jsonLines(), files, true);
    }

    @Test
    void readsTheConfiguredColumns() {
        Reading.Texts<TextRows.Content> pairs =
                (Reading.Texts<TextRows.Content>) reading(task("text: body", "text_pair: \"other\"", "label: topic"));
        assertThat(pairs.columns())
                .containsExactly(
                        new Reading.Column("data.text", "body", "no_text", true),
                        new Reading.Column("data.text_pair", "other", "no_text_pair", false),
                        new Reading.Column("data.label", "topic", "no_label", false));
        // Rows to predict have no label.
        Reading.Texts<TextRows.Content> unlabelled =
                (Reading.Texts<TextRows.Content>) task("text: body").reading(Rows.jsonLines(), files, false);
        assertThat(unlabelled.columns()).extracting(Reading.Column::name).containsExactly("body");
        assertThat(task().schema()).isEqualTo(SampleSchema.ofText(false));
        assertThat(task("text_pair: other").schema()).isEqualTo(SampleSchema.ofText(true));
        DatasetOptions options = task("text_pair: other", "test_fraction: 0.2").options(files);
        assertThat(List.of(options.text(), options.textPair(), options.label(), options.format()))
                .containsExactly("text", "other", "label", "auto");
        assertThat(options.documents()).isNull();
        assertThat(options.testFraction()).isEqualTo(0.2);
        assertThat(options.tokenizerSha256()).isEqualTo(files.sha256());
    }

    @Test
    void cleansARowOrReportsWhyItIsUnusable() {
        List<CleanRow<TextRows.Content>> rows = Rows.clean(
                reading(task("text_pair: other")),
                Rows.row("a text", "b", " spam "),
                Rows.row("a\0 text", "b", "spam"),
                Rows.row("a text", "b", "ham"),
                Rows.row("a textb", "", "ham"),
                Rows.row(),
                Rows.row(null, "b", "spam"),
                Rows.row("a", null, "spam"),
                Rows.row("a", "b", null),
                Rows.row("a", "b", "  "),
                Rows.row(" \n", "b", "spam"),
                Rows.row("\0\1\2\3a", "b", "spam"));
        assertThat(rows)
                .extracting(CleanRow::badBecause)
                .containsExactly(
                        null,
                        null,
                        null,
                        null,
                        "malformed_record",
                        "no_text",
                        "no_text_pair",
                        "no_label",
                        "no_label",
                        "empty_text",
                        "binary_text");
        assertThat(rows).extracting(CleanRow::file).containsOnly(Rows.FILE);
        assertThat(rows.get(0).content()).isEqualTo(new TextRows.Content("a text", "b", null));
        assertThat(rows.get(0).stratum()).isEqualTo("spam");
        assertThat(rows.get(1).changes().repaired()).isTrue();
        // The content is hashed without its label, and its texts are kept apart.
        assertThat(rows.get(1).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.get(2).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.get(3).hash()).isNotEqualTo(rows.get(0).hash());
    }

    @Test
    void theHashIsTheFirst128BitsOfSha256() {
        ContentHash hash =
                Rows.clean(reading(task()), Rows.row("abc", "spam")).get(0).hash();
        assertThat(hash).isEqualTo(new ContentHash(0xba7816bf8f01cfeaL, 0x414140de5dae2223L));
    }

    @Test
    void usesTheFolderNameAsLabel() {
        Rows.Source folders = new Rows.Source("file:/mails", DataFormat.TEXT_FOLDERS, List.of());
        Reading<TextRows.Content> reading = task().reading(folders, files, true);
        List<CleanRow<TextRows.Content>> rows = Rows.clean(
                reading,
                new Rows.Raw("file:/mails/spam/1.txt", List.of("a text")),
                new Rows.Raw("file:/mails/readme.txt", List.of("a text")));
        assertThat(rows.get(0).stratum()).isEqualTo("spam");
        assertThat(rows.get(1).badBecause()).isEqualTo("no_label");
        assertThatThrownBy(() -> task("text_pair: other").reading(folders, files, true))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.text_pair: other cannot be used with text folders");
    }

    @Test
    void sortsLabelsByNumberIfAllAreNumbers() {
        assertThat(task().labelNames(List.of("10", "9", "-1.5"))).containsExactly("-1.5", "9", "10");
        assertThat(task().labelNames(List.of("10", "9", "x"))).containsExactly("10", "9", "x");
        assertThat(task().rowsPerLabel(Map.of("ham", 3L), Map.of())).isEqualTo(Map.of("ham", 3L));
        assertThatThrownBy(() -> task().labelNames(List.of("ham")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(
                        "data.train: every row has the label ham: classification needs at least two labels");
    }

    @Test
    void makesASampleWithItsLabel() throws IOException {
        for (boolean pairs : List.of(false, true)) {
            ClassificationData task = pairs ? task("max_length: 16", "text_pair: other") : task("max_length: 16");
            List<Sample> samples = new ArrayList<>();
            SampleCounts counts = Rows.samples(
                    task,
                    files,
                    List.of("ham", "spam"),
                    pairs
                            ? Rows.clean(reading(task), Rows.row("free", "text", "spam"), Rows.row("no", "s", "ham"))
                            : Rows.clean(reading(task), Rows.row("free", "spam"), Rows.row("a ".repeat(19), "ham")),
                    samples);
            assertThat(samples).extracting(Sample::label).containsExactly(1, 0);
            assertThat(samples.get(0).tokenTypeIds()).contains(0);
            assertThat(samples.get(0).tokenTypeIds()[samples.get(0).length() - 1])
                    .isEqualTo(pairs ? 1 : 0);
            DatasetSplit split = counts.toSplit(List.of());
            assertThat(counts.rows()).isEqualTo(2);
            assertThat(split.rows()).isEqualTo(2);
            assertThat(split.rowsPerLabel()).containsExactly(1L, 1L);
            assertThat(split.truncated()).isEqualTo(pairs ? 0 : 1);
            assertThat(split.tokens())
                    .isEqualTo(samples.stream().mapToInt(Sample::length).sum());
            assertThat(split.documents()).isNull();
            assertThat(counts.longest())
                    .isEqualTo(samples.stream().mapToInt(Sample::length).max().orElseThrow());
        }
    }

    @Test
    void keepsTheTextOfARowToPredict() {
        ClassificationData task = task("text_pair: other");
        Reading<TextRows.Content> reading = task.reading(Rows.jsonLines(), files, false);
        List<TaskInput> inputs =
                Rows.inputs(task, files, Rows.clean(reading, Rows.row("a text", "b"), Rows.row("", "b")));
        TaskInput input = inputs.get(0).at(5);
        assertThat(input.text()).isEqualTo("a text");
        assertThat(input.textPair()).isEqualTo("b");
        assertThat(input.error()).isNull();
        assertThat(input.sample().index()).isEqualTo(5);
        assertThat(input.sample().label()).isEqualTo(-1);
        assertThat(input.sample().tokenTypeIds()).contains(0, 1);
        assertThat(inputs.get(1).error()).isEqualTo("empty_text");
        assertThat(inputs.get(1).samples()).isEmpty();
    }

    @Test
    void storesTheTextOfAHeldOutRow() throws IOException {
        for (String problem : List.of("single_label_classification", "multi_label_classification", "regression")) {
            ClassificationData task = ClassificationData.of(Rows.config(
                    "classification",
                    List.of("classification.problem_type=" + problem),
                    "max_length: 16",
                    "text_pair: other"));
            List<String> labels = problem.equals("regression") ? List.of("LABEL_0") : List.of("1", "2");
            CleanRow<TextRows.Content> row = Rows.clean(
                            reading(task), Rows.row("A  F1-f2\u00e9 \uD83D\uDE00", "B".repeat(1000), "2"))
                    .get(0);
            List<Sample> samples = new ArrayList<>();
            try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
                TaskData.Encoder<TextRows.Content> encoder = task.encoder(tokenizer, files, "data.train", labels);
                SampleSink sink = task.sink(samples::add, labels);
                sink.add(encoder.encode(row), row.stratum());
                sink.add(encoder.encodeHeldOut(row), row.stratum());
                sink.finish();
            }
            Sample trained = samples.get(0);
            Sample heldOut = samples.get(1);
            assertThat(trained.window()).isEqualTo(Window.WHOLE);
            assertThat(heldOut.with(Window.WHOLE)).isEqualTo(trained);
            // A long text is cut after 16 characters a token.
            assertThat(GivenText.of(heldOut.window().row()))
                    .isEqualTo(new GivenText("A  F1-f2\u00e9 \uD83D\uDE00", "B".repeat(256)));
            assertThat(task.heldOutSchema().columns()).containsAll(task.schema().columns());
            assertThat(task.readWhileTraining().columns())
                    .containsAll(task.schema().columns())
                    .doesNotContain(SampleSchema.Column.ROW);
        }
    }

    private static ClassificationData taught() {
        return ClassificationData.of(Rows.config("classification", List.of("teacher.model=t"), "max_length: 16"));
    }

    @Test
    void keepsTrainingRowsWithoutLabelForATeacher() throws IOException {
        ClassificationData task = taught();
        List<CleanRow<TextRows.Content>> rows = Rows.clean(
                task.reading(Rows.jsonLines("text", "label"), files, true),
                Rows.row("Free text", "spam"),
                Rows.row("no text", null),
                Rows.row("some text", " "));
        assertThat(rows)
                .extracting(CleanRow::stratum)
                .containsExactly("spam", CleanRow.UNLABELLED, CleanRow.UNLABELLED);
        assertThat(task.rowsPerLabel(Map.of("spam", 1L, CleanRow.UNLABELLED, 2L), Map.of()))
                .isEqualTo(Map.of("spam", 1L));

        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(task, files, List.of("ham", "spam"), rows, samples);

        assertThat(samples).extracting(Sample::label).containsExactly(1, -1, -1);
        assertThat(counts.toSplit(List.of()).rowsPerLabel()).containsExactly(0L, 1L);
        assertThat(task.schema().columns()).contains(SampleSchema.Column.ROW);
        assertThat(task.readWhileTraining().columns()).doesNotContain(SampleSchema.Column.ROW);
        assertThat(task.options(files).teacher()).isTrue();
        assertThat(task().options(files).teacher()).isNull();
        // A teacher with another tokenizer reads the text itself.
        try (TextTokenizer other = TextTokenizer.open(GoldenFolder.tokenizer("bpe"))) {
            Sample read = task.forTeacher(samples.get(0), other, 5);
            assertThat(read.inputIds())
                    .isEqualTo(other.encode("Free text", null, 5).inputIds());
            assertThat(read.length()).isEqualTo(5);
        }
    }

    @Test
    void readsASourceWithoutLabelsForATeacher() {
        for (Rows.Source source :
                List.of(Rows.jsonLines("text", "other"), new Rows.Source("file:/lines", DataFormat.TEXT, List.of()))) {
            Reading.Texts<TextRows.Content> reading =
                    (Reading.Texts<TextRows.Content>) taught().reading(source, files, true);
            assertThat(reading.columns()).extracting(Reading.Column::name).containsExactly("text");
            assertThat(Rows.clean(reading, Rows.row("a text")).get(0).stratum()).isEqualTo(CleanRow.UNLABELLED);
        }
    }
}
