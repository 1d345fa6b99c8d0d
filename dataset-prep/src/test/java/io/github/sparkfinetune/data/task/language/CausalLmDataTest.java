package io.github.sparkfinetune.data.task.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CausalLmDataTest {
    private static final List<String> NO_LABELS = List.of();

    private final TokenizerFiles files = GoldenFolder.tokenizer("bpe");

    CausalLmDataTest() throws IOException {}

    private static CausalLmData task(String... data) {
        return CausalLmData.of(Rows.config("causal-lm", data));
    }

    private SampleCounts samples(CausalLmData task, TokenizerFiles tokenizer, List<String> texts, List<Sample> samples)
            throws IOException {
        RawRow[] rows = texts.stream().map(text -> Rows.row(text)).toArray(RawRow[]::new);
        List<CleanRow<TextRows.Content>> clean = Rows.clean(task.reading(Rows.jsonLines(), tokenizer, true), rows);
        return Rows.samples(task, tokenizer, NO_LABELS, clean, samples);
    }

    /** Compares with {@code group_texts} of run_clm.py. */
    @Test
    void cutsBlocksOfTextsThatEndWithAnEndToken() throws IOException {
        JsonNode golden = GoldenFolder.json("text/clm.json");
        TokenizerFiles tokenizer =
                GoldenFolder.tokenizer(golden.get("tokenizer").asText());
        assertThat(tokenizer.special().eosId()).isEqualTo(golden.get("eos").asInt());
        int block = golden.get("block").asInt();
        List<Sample> samples = new ArrayList<>();
        DocumentPacker packer = DocumentPacker.of(Packing.WRAPPED, block, samples::add);
        try (TextTokenizer open = TextTokenizer.open(tokenizer)) {
            for (JsonNode text : golden.get("texts")) {
                packer.add(CausalLmData.document(open, tokenizer.special().eosId(), text.asText(), Integer.MAX_VALUE));
            }
        }
        packer.finish();
        JsonNode blocks = golden.get("blocks");
        assertThat(samples).hasSize(blocks.size() + 1);
        for (int i = 0; i < blocks.size(); i++) {
            Sample sample = samples.get(i);
            assertThat(sample.inputIds()).isEqualTo(GoldenFolder.ints(blocks.get(i)));
            assertThat(sample.labels()).isEqualTo(sample.inputIds());
            // Only the last token of a document is the end token.
            int at = 0;
            for (int document : sample.documents()) {
                at += document;
                assertThat(at == block
                                || sample.inputIds()[at - 1]
                                        == tokenizer.special().eosId())
                        .isTrue();
            }
        }
        assertThat(samples.get(blocks.size()).length())
                .isEqualTo(golden.get("dropped_tail").asInt());
    }

    @Test
    void cutsOrDropsLongTexts() throws IOException {
        List<String> texts = List.of("short", "a long text ".repeat(20));
        List<Sample> samples = new ArrayList<>();
        DatasetSplit cut =
                samples(task("max_length: 16"), files, texts, samples).toSplit(List.of());
        assertThat(samples).hasSize(2);
        assertThat(samples.get(1).length()).isEqualTo(16);
        assertThat(cut.truncated()).isEqualTo(1);
        assertThat(cut.documents().count()).isEqualTo(2);
        assertThat(cut.documents().labelTokens())
                .isEqualTo(samples.stream().mapToInt(Sample::labelTokens).sum());
        assertThat(cut.rowsPerLabel()).isEmpty();

        SampleCounts counts = samples(task("max_length: 16", "overlong: drop"), files, texts, new ArrayList<>());
        assertThat(counts.dropped()).isEqualTo(Map.of("overlong", 1L));
        // The text is left out on purpose.
        assertThat(counts.unusableRows()).isZero();
        assertThat(counts.rows()).isEqualTo(2);
        assertThat(counts.toSplit(List.of()).documents().count()).isEqualTo(1);
    }

    @Test
    void countsOfShardsAddUp() throws IOException {
        List<String> texts =
                IntStream.range(0, 40).mapToObj(i -> "text ".repeat(i + 1)).toList();
        CausalLmData task = task("max_length: 32", "packing: bfd", "overlong: drop");
        SampleCounts all = samples(task, files, texts.subList(0, 25), new ArrayList<>());
        SampleCounts rest = samples(task, files, texts.subList(25, 40), new ArrayList<>());
        long samples = all.samples() + rest.samples();
        int longest = Math.max(all.longest(), rest.longest());
        DatasetSplit sum = all.plus(rest).toSplit(List.of());
        assertThat(sum.rows()).isEqualTo(samples);
        assertThat(all.longest()).isEqualTo(longest);
        assertThat(sum.documents().count() + sum.documents().dropped().get("overlong"))
                .isEqualTo(40);
    }

    @Test
    void refusesUnsuitableSettingsAndTokenizers() throws IOException {
        assertThatThrownBy(() -> task("text_pair: other").check(files))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.text_pair: other is for task classification: remove it");
        TokenizerFiles endless = GoldenFolder.tokenizer("{}", "cafe", 10, 10);
        assertThatThrownBy(() -> task().check(endless))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("names the token that ends a text");
        task().check(files);
        assertThat(task().schema()).isEqualTo(SampleSchema.ofDocuments(true));
        assertThat(task().rowsPerLabel(Map.of(CleanRow.ALL, 9L), Map.of())).isEmpty();
        Reading.Texts<?> reading = (Reading.Texts<?>) task().reading(Rows.jsonLines(), files, true);
        assertThat(reading.columns()).extracting(Reading.Column::key).containsExactly("data.text");
    }

    @Test
    void writesItsOptionsToTheManifest() {
        DatasetOptions options = task("packing: bfd", "overlong: drop").options(files);
        assertThat(options.text()).isEqualTo("text");
        assertThat(options.label()).isNull();
        assertThat(options.documents())
                .isEqualTo(new DatasetOptions.DocumentOptions(Packing.BFD, Overlong.DROP, null, null));
        // Wrapped packing uses every token, so no text is too long.
        assertThat(task("packing: wrapped").options(files).documents().overlong())
                .isNull();
    }

    @Test
    void encodesAPromptWithoutAnEndToken() {
        CausalLmData task = task();
        List<TaskInput> inputs = Rows.inputs(
                task,
                files,
                Rows.clean(
                        task.reading(Rows.jsonLines(), files, false), Rows.row("Once upon"), Rows.row((String) null)));
        assertThat(inputs.get(0).text()).isEqualTo("Once upon");
        assertThat(inputs.get(0).sample().inputIds())
                .isNotEmpty()
                .doesNotContain(files.special().eosId());
        assertThat(inputs.get(0).reference()).isNull();
        assertThat(inputs.get(1).error()).isEqualTo("no_text");
    }
}
