package io.github.sparkfinetune.data.task.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.SftExample;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SftDataTest {
    private final TokenizerFiles files = GoldenFolder.tokenizer("bpe");

    SftDataTest() throws IOException {}

    private static SftData task(String... data) {
        return SftData.of(Rows.config("sft", data));
    }

    private static Rows.Raw turns(String question, String answer) {
        return Rows.row("{\"messages\": [{\"role\": \"user\", \"content\": \"" + question
                + "\"}, {\"role\": \"assistant\", \"content\": \"" + answer + "\"}]}");
    }

    @Test
    void findsTheColumnsOfASource() {
        Reading.JsonObjects<?> alpaca = (Reading.JsonObjects<?>)
                task().reading(Rows.jsonLines("id", "input", "instruction", "output"), files, true);
        assertThat(alpaca.columns()).containsExactly("instruction", "input", "output");
        // Without rows there is no column; the missing rows are reported when rows are counted.
        assertThat(((Reading.JsonObjects<?>) task().reading(Rows.jsonLines(), files, true)).columns())
                .isEmpty();
        assertThatThrownBy(() -> task().reading(Rows.jsonLines("label", "text"), files, true))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.train: " + Rows.FILE + " has no columns that task sft knows");
        assertThatThrownBy(() -> task().reading(Rows.jsonLines("instruction"), files, true))
                .hasMessageContaining("has no columns that task sft knows");
        // Rows to predict may lack an answer.
        task().reading(Rows.jsonLines("instruction"), files, false);
        Rows.Source folders = new Rows.Source("file:/mails", DataFormat.TEXT_FOLDERS, List.of());
        assertThatThrownBy(() -> task().reading(folders, files, true))
                .hasMessageContaining("data.train: file:/mails is a folder of texts, which hold no conversations");
    }

    @Test
    void checksTheTemplateOnlyIfRowsNeedIt() {
        TokenizerFiles counting = files.withChatTemplate("{{ messages | length }} messages");
        assertThatThrownBy(() -> task().reading(Rows.jsonLines("messages"), counting, true))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the chat template of m renders the first");
        task().reading(Rows.jsonLines("messages"), counting, false);
        task().reading(Rows.jsonLines("completion", "prompt"), counting, true);
        assertThatThrownBy(() -> task("text_pair: other").check(files))
                .hasMessageContaining("data.text_pair: other is for task classification");
    }

    @Test
    void cleansARowOrReportsWhyItIsUnusable() {
        List<CleanRow<SftExample>> rows = Rows.clean(
                task().reading(Rows.jsonLines("messages"), files, true),
                turns("Why?", "Because"),
                turns("Wh\\u0000y?", "Because"),
                turns("\\u0000\\u0001\\u0002?", "Because"),
                Rows.row("{\"messages\": []}"),
                Rows.row("{\"other\": 1}"),
                Rows.row("no JSON"),
                Rows.row());
        assertThat(rows)
                .extracting(CleanRow::badBecause)
                .containsExactly(
                        null, null, "binary_text", "empty_text", "no_messages", "malformed_record", "malformed_record");
        assertThat(rows.get(1).changes().repaired()).isTrue();
        assertThat(rows.get(0).changes().repaired()).isFalse();
        assertThat(rows.get(1).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.get(0).stratum()).isEqualTo(CleanRow.ALL);
    }

    @Test
    void trainsAnswersOrAllTokens() throws IOException {
        for (boolean answersAlone : List.of(true, false)) {
            SftData task = task("assistant_only_loss: " + answersAlone);
            List<Sample> samples = new ArrayList<>();
            SampleCounts counts = Rows.samples(
                    task,
                    files,
                    List.of(),
                    Rows.clean(
                            task.reading(Rows.jsonLines("messages"), files, true),
                            turns("Why?", "Because"),
                            turns("How? ".repeat(60), "So")),
                    samples);
            assertThat(task.schema()).isEqualTo(SampleSchema.ofDocuments(!answersAlone));
            Sample sample = samples.get(0);
            if (answersAlone) {
                assertThat(sample.labels())
                        .startsWith(Sample.IGNORED)
                        .contains(files.special().eosId());
                // The answer lies beyond max_length.
                assertThat(counts.dropped()).isEqualTo(Map.of("labels_cut_off", 1L));
                assertThat(counts.unusableRows()).isEqualTo(1);
                assertThat(samples).hasSize(1);
            } else {
                assertThat(sample.labels()).isEqualTo(sample.inputIds());
                assertThat(samples).hasSize(2);
            }
        }
    }

    @Test
    void namesAConversationThatTheTemplateRefuses() {
        TokenizerFiles raises =
                files.withChatTemplate("{% for message in messages %}{% if 'now' in message['content'] %}"
                        + "{{ raise_exception('no hurry') }}{% endif %}"
                        + "{% generation %}{{ message['content'] }}{% endgeneration %}{% endfor %}");
        SftData task = task();
        List<CleanRow<SftExample>> rows =
                Rows.clean(task.reading(Rows.jsonLines("messages"), raises, true), turns("Do it now", "Yes"));
        assertThatThrownBy(() -> Rows.samples(task, raises, List.of(), rows, new ArrayList<>()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.train: " + Rows.FILE + ": ")
                .hasMessageContaining("no hurry");
        // In prediction the template's refusal is the error of one row.
        assertThat(Rows.inputs(task, raises, rows).get(0).error()).contains("no hurry");
    }

    @Test
    void endsAPromptWhereTheAnswerBegins() {
        SftData task = task();
        List<TaskInput> inputs = Rows.inputs(
                task,
                files,
                Rows.clean(
                        task.reading(Rows.jsonLines("messages"), files, false),
                        turns("Why?", "Because"),
                        Rows.row("{\"messages\": [{\"role\": \"user\", \"content\": \"Hello?\"}]}"),
                        Rows.row("{\"messages\": 3}")));
        assertThat(inputs.get(0).text()).endsWith("Why?<|im_end|>\n<|im_start|>assistant\n");
        assertThat(inputs.get(0).reference()).isEqualTo("Because");
        assertThat(inputs.get(1).text()).endsWith("Hello?<|im_end|>\n<|im_start|>assistant\n");
        assertThat(inputs.get(1).reference()).isNull();
        assertThat(inputs.get(2).error()).isEqualTo("bad_messages");
    }

    @Test
    void writesItsOptionsToTheManifest() {
        DatasetOptions options = task("packing: bfd", "overlong: drop").options(files);
        assertThat(options.text()).isNull();
        assertThat(options.label()).isNull();
        assertThat(options.documents())
                .isEqualTo(new DatasetOptions.DocumentOptions(
                        Packing.BFD, Overlong.DROP, true, files.chatTemplateSha256()));
    }
}
