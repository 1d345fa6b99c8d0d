package io.github.sparkfinetune.data.task.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MaskedLmDataTest {
    private static final int CLS = 2;
    private static final int SEP = 3;
    private static final int MASK = 4;
    private static final List<String> TEXTS =
            List.of("short", "a long text of the license ".repeat(6), "permission is granted", "☃");

    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    MaskedLmDataTest() throws IOException {}

    private static MaskedLmData task(String... data) {
        return MaskedLmData.of(Rows.config("masked-lm", data));
    }

    private DatasetSplit samples(MaskedLmData task, List<Sample> samples) throws IOException {
        RawRow[] rows = TEXTS.stream().map(text -> Rows.row(text)).toArray(RawRow[]::new);
        List<CleanRow<TextRows.Content>> clean = Rows.clean(task.reading(Rows.jsonLines(), files, true), rows);
        return Rows.samples(task, files, List.of(), clean, samples).toSplit(List.of());
    }

    /** Returns the tokens of {@code tokenizer(text)}. */
    private int[] tokens(String text, int limit) {
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            return tokenizer.encode(text, null, limit).inputIds();
        }
    }

    @Test
    void keepsTheLastTokenOfACutText() throws IOException {
        List<Sample> samples = new ArrayList<>();
        DatasetSplit split = samples(task("max_length: 16"), samples);

        assertThat(samples.stream().map(Sample::inputIds))
                .containsExactly(tokens(TEXTS.get(0), 16), tokens(TEXTS.get(1), 16), tokens(TEXTS.get(2), 16));
        assertThat(samples.get(1).length()).isEqualTo(16);
        assertThat(samples.get(1).inputIds()).startsWith(CLS).endsWith(SEP);
        assertThat(split.truncated()).isEqualTo(1);
        assertThat(split.documents().count()).isEqualTo(3);
        assertThat(split.documents().labelTokens())
                .as("tokens that may be masked")
                .isEqualTo(samples.stream().mapToInt(Sample::length).sum() - 2 * 3);
        // The snowman is the unknown token, so its text has no token to mask.
        assertThat(split.documents().dropped()).isEqualTo(Map.of("no_labelled_token", 1L));
    }

    @Test
    void dropsALongText() throws IOException {
        List<Sample> samples = new ArrayList<>();
        DatasetSplit split = samples(task("max_length: 16", "overlong: drop"), samples);

        assertThat(samples).hasSize(2);
        assertThat(split.truncated()).isZero();
        assertThat(split.documents().dropped()).containsEntry("overlong", 1L);
    }

    /** Compares with {@code group_texts} of run_mlm.py, except that it drops the rest. */
    @Test
    void wrapsConcatenatedTexts() throws IOException {
        List<Sample> samples = new ArrayList<>();
        DatasetSplit split = samples(task("max_length: 16", "packing: wrapped"), samples);

        int[] all = TEXTS.subList(0, 3).stream()
                .flatMapToInt(text -> IntStream.of(tokens(text, Integer.MAX_VALUE)))
                .toArray();
        assertThat(samples.stream().flatMapToInt(sample -> IntStream.of(sample.inputIds())))
                .containsExactly(Arrays.stream(all).boxed().toArray(Integer[]::new));
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            assertThat(sample.length()).isEqualTo(Math.min(16, all.length - 16 * i));
            int at = 0;
            for (int document : sample.documents()) {
                at += document;
                assertThat(at == sample.length() || sample.inputIds()[at - 1] == SEP)
                        .isTrue();
            }
        }
        assertThat(split.truncated()).isZero();
        assertThat(split.tokens()).isEqualTo(all.length);
    }

    @Test
    void refusesUnsuitableSettingsAndTokenizers() throws IOException {
        task().check(files);
        assertThatThrownBy(() -> task("text_pair: other").check(files))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.text_pair: other is for task classification: remove it");
        TokenizerFiles maskless = GoldenFolder.tokenizer("bpe");
        assertThatThrownBy(() -> task().check(maskless))
                .isInstanceOf(RunException.class)
                .hasMessage("m: the tokenizer has no mask token (mask_token in tokenizer_config.json), which task"
                        + " masked-lm needs: take a model that was trained with one");
        TokenizerFiles wordless = new TokenizerFiles(
                TokenizerFiles.Texts.of("""
                {"model": {"type": "WordLevel", "vocab": {"a": 0}}, "added_tokens": [{"id": 1, "content": "<mask>"}]}"""),
                "hash",
                2,
                2,
                TokenizerFiles.SpecialTokens.of(Map.of("mask_token", "<mask>")),
                false);
        task().check(wordless);
        MaskedLmData words =
                MaskedLmData.of(Rows.config("masked-lm", "max_length: 64\nmasked_lm: {whole_word_mask: true}"));
        words.check(files);
        assertThatThrownBy(() -> words.check(wordless))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("masked_lm.whole_word_mask: true is not possible", "set it to false");
    }

    @Test
    void storesUnmaskedSamples() throws IOException {
        assertThat(task().schema()).isEqualTo(SampleSchema.ofDocuments(true));
        DatasetOptions options = task("packing: wrapped").options(files);
        assertThat(options.documents())
                .isEqualTo(new DatasetOptions.DocumentOptions(Packing.WRAPPED, null, null, null));
        assertThat(task().options(files).documents())
                .isEqualTo(new DatasetOptions.DocumentOptions(Packing.NONE, Overlong.TRUNCATE, null, null));
        Sample sample = Sample.ofDocuments(3, tokens(TEXTS.get(1), 32), tokens(TEXTS.get(1), 32), 32);
        assertThat(task().draws(files).train(sample, 0).labelledTokens()).isPositive();
        assertThat(task().draws(files).evaluate(sample))
                .isEqualTo(task().draws(files).evaluate(sample));
    }

    @Test
    void predictsAtTheMaskTokensOfAText() {
        MaskedLmData task = task("max_length: 8");
        List<TaskInput> inputs = Rows.inputs(
                task,
                files,
                Rows.clean(
                        task.reading(Rows.jsonLines(), files, false),
                        Rows.row("the [MASK] of [MASK]"),
                        Rows.row("the license"),
                        Rows.row("the license ".repeat(20) + "[MASK]"),
                        Rows.row((String) null)));
        Sample sample = inputs.get(0).sample();
        assertThat(sample.inputIds()).startsWith(CLS).endsWith(SEP);
        assertThat(sample.labelledTokens()).isEqualTo(2);
        for (int place = 0; place < sample.length(); place++) {
            assertThat(sample.labels()[place] != Sample.IGNORED).isEqualTo(sample.inputIds()[place] == MASK);
        }
        assertThat(inputs.get(0).text()).isEqualTo("the [MASK] of [MASK]");
        assertThat(inputs.stream().map(TaskInput::error))
                .containsExactly(null, "no_mask_token", "no_mask_token", "no_text");
    }
}
