package io.github.sparkfinetune.data.task.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tag.TaggedWords;
import io.github.sparkfinetune.data.tag.Words;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenClassificationDataTest {
    private static final String ROW = "{\"text\": [\"The\", \"license\"], \"label\": [\"O\", \"B-X\"]}";

    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    TokenClassificationDataTest() throws IOException {}

    private static TokenClassificationData task(String... data) {
        return TokenClassificationData.of(Rows.config("token-classification", data));
    }

    private List<CleanRow<TaggedWords>> clean(TokenClassificationData task, boolean labelled, String... rows) {
        Rows.Source source = Rows.jsonLines("text", "label");
        return Rows.clean(
                task.reading(source, files, labelled),
                Arrays.stream(rows).map(Rows::row).toArray(RawRow[]::new));
    }

    @Test
    void readsTheConfiguredColumns() {
        Rows.Source source = Rows.jsonLines("id", "ner_tags", "tokens");
        TokenClassificationData task = task("text: tokens", "label: ner_tags");
        assertThat(columns(task, source, true)).containsExactly("tokens", "ner_tags");
        assertThat(columns(task, source, false)).containsExactly("tokens");
        // A file without rows has no column; the missing rows are reported when rows are counted.
        assertThat(columns(task, Rows.jsonLines(), true)).isEmpty();
        assertThatThrownBy(() -> task().reading(source, files, true))
                .isInstanceOf(RunException.class)
                .hasMessage("data.text: " + Rows.FILE + " has no column text, its columns are id, ner_tags, tokens");
        assertThatThrownBy(() -> task("text: tokens").reading(source, files, true))
                .hasMessageContaining("data.label: " + Rows.FILE + " has no column label");
        Rows.Source folders = new Rows.Source("file:/texts", DataFormat.TEXT_FOLDERS, List.of());
        assertThatThrownBy(() -> task().reading(folders, files, false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("file:/texts is a folder of texts, which have no tags");
    }

    private List<String> columns(TokenClassificationData task, Rows.Source source, boolean labelled) {
        return ((Reading.JsonObjects<TaggedWords>) task.reading(source, files, labelled)).columns();
    }

    @Test
    void refusesUnsuitableSettingsBeforeReading() {
        task("stride: 61", "max_length: 64").check(files);
        assertThatThrownBy(() -> task("stride: 62", "max_length: 64").check(files))
                .isInstanceOf(RunException.class)
                .hasMessage("data.stride: windows of data.max_length: 64 tokens, of which 2 are special tokens, cannot"
                        + " share 62: set it below 62");
        assertThatThrownBy(() -> task("text_pair: other").check(files)).hasMessageContaining("data.text_pair");
        assertThatThrownBy(() -> task().labelNames(List.of("O")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.train: the words have the tags [O]: token-classification needs");
        assertThat(task().labelNames(List.of("O", "I-X", "B-X"))).containsExactly("B-X", "I-X", "O");
        DatasetOptions options = task("max_length: 30").options(files);
        assertThat(options.stride()).isEqualTo(10);
        assertThat(options.label()).isEqualTo("label");
    }

    @Test
    void cleansARowOrReportsWhyItIsUnusable() {
        List<CleanRow<TaggedWords>> rows = clean(
                task(),
                true,
                ROW,
                ROW.replace("license", "lic\\u0000ense"),
                ROW.replace("B-X", "U-X"),
                ROW.replace("\"O\"", "\"B-X\""),
                "{\"text\": \"The license\", \"label\": [[4, 11, \"X\"]]}",
                "{\"text\": [\"\\u0000\\u0001\\u0002\", \"a\"], \"label\": [\"O\", \"O\"]}",
                "{\"text\": [\" \", \"\"], \"label\": [\"O\", \"O\"]}",
                "{\"text\": [], \"label\": []}",
                "{\"text\": [\"a\"], \"label\": [\"O\", \"O\"]}",
                "{\"text\":");
        assertThat(rows)
                .extracting(CleanRow::badBecause)
                .containsExactly(
                        null,
                        null,
                        null,
                        null,
                        null,
                        "binary_text",
                        "empty_text",
                        "empty_text",
                        "uneven_labels",
                        "malformed_record");
        assertThat(rows.get(0).labels()).containsExactlyInAnyOrder("O", "B-X");
        assertThat(rows.get(0).stratum()).isEqualTo(CleanRow.ALL);
        assertThat(rows.get(1).changes().repaired()).isTrue();
        assertThat(rows.get(1).content()).isEqualTo(rows.get(0).content());
        assertThat(rows.get(4).content().tags()).isEqualTo(rows.get(0).content().tags());
        // Equal words are duplicates regardless of their tags. A text is tokenized as a whole, so it is not a duplicate
        // of words.
        assertThat(rows.get(1).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.get(2).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.get(3).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.get(4).hash()).isNotEqualTo(rows.get(0).hash());
        assertThat(Rows.clean(task().reading(Rows.jsonLines(), files, true), Rows.row())
                        .get(0)
                        .badBecause())
                .isEqualTo("malformed_record");
    }

    @Test
    void cutsALongRowIntoWindows() throws IOException {
        TokenClassificationData task = task("max_length: 12", "stride: 4");
        String words = "\"the\", ".repeat(19) + "\"license\"";
        String tags = "\"O\", ".repeat(19) + "\"B-X\"";
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(
                task,
                files,
                List.of("B-X", "I-X", "O"),
                clean(
                        task,
                        true,
                        ROW,
                        "{\"text\": [" + words + "], \"label\": [" + tags + "]}",
                        "{\"text\": [\"\\u200b\"], \"label\": [\"O\"]}"),
                samples);
        assertThat(samples.get(0).labels()).containsExactly(-100, 2, 0, -100);
        assertThat(Words.parse(samples.get(0).window().row()).list()).containsExactly("The", "license");
        assertThat(samples).extracting(sample -> sample.window().number()).containsExactly(0, 0, 1, 2);
        assertThat(samples.stream()
                        .skip(1)
                        .flatMapToInt(sample -> Arrays.stream(sample.labels()))
                        .filter(label -> label >= 0)
                        .toArray())
                .hasSize(20)
                .endsWith(2, 2, 0);
        DatasetSplit split = counts.toSplit(List.of());
        assertThat(split.rows()).isEqualTo(4);
        assertThat(split.truncated()).isZero();
        // Numbers of samples in which each label occurs.
        assertThat(split.rowsPerLabel()).containsExactly(2L, 0L, 4L);
        assertThat(split.documents()).isNull();
        // WordPiece makes no token of a zero-width space.
        assertThat(counts.rows()).isEqualTo(3);
        assertThat(counts.unusableRows()).isEqualTo(1);
        assertThat(counts.dropped()).containsEntry("no_labelled_token", 1L);
    }

    @Test
    void keepsTheTextOfARowToPredict() {
        TokenClassificationData task = task("max_length: 12");
        List<TaskInput> inputs = Rows.inputs(
                task,
                files,
                clean(
                        task,
                        false,
                        "{\"text\": [\"The\", \"license\"]}",
                        "{\"text\": \"" + "license ".repeat(20) + "\"}",
                        "{\"text\": 3}",
                        "{\"text\": \"\\u200b\"}"));
        assertThat(inputs.get(0).text()).isEqualTo("The license");
        assertThat(inputs.get(0).sample().labels()).containsExactly(-100, 0, 0, -100);
        assertThat(inputs.get(1).samples()).hasSizeGreaterThan(2);
        assertThat(inputs).extracting(TaskInput::error).containsExactly(null, null, "bad_text", "no_labelled_token");
    }
}
