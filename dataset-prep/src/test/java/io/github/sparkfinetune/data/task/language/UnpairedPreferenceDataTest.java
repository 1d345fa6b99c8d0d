package io.github.sparkfinetune.data.task.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.RatedAnswer;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnpairedPreferenceDataTest {
    private final TokenizerFiles files = GoldenFolder.tokenizer("bpe");

    UnpairedPreferenceDataTest() throws IOException {}

    private static UnpairedPreferenceData task(String... data) {
        return UnpairedPreferenceData.of(Rows.config("unpaired-preference", data));
    }

    private Reading<RatedAnswer> reading(UnpairedPreferenceData task) {
        return task.reading(Rows.jsonLines("completion", "label", "prompt"), files, true);
    }

    private static String row(String prompt, String completion, boolean label) {
        return "{\"prompt\": \"" + prompt + "\", \"completion\": \"" + completion + "\", \"label\": " + label + "}";
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat", "texts"})
    void givesTheTokensOfTrl(String kind) throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(Path.of("src/test/resources/preference/unpaired.json").toFile());
        TokenizerFiles chat = files.withChatTemplate(golden.get("chat_template").asText());
        int maxLength = golden.get("max_length").asInt();
        List<CleanRow<RatedAnswer>> rows = new ArrayList<>();
        List<Sample> expected = new ArrayList<>();
        // TRL pairs a prompt with the previous answer, so in reversed order with the next.
        List<JsonNode> answers = new ArrayList<>();
        golden.get(kind).forEach(one -> answers.add(0, one));
        for (JsonNode one : answers) {
            rows.addAll(Rows.clean(reading(task()), Rows.row(one.get("row").toString())));
            int[] prompt = GoldenFolder.ints(one.get("prompt_ids"));
            int[] answer = cut(prompt, GoldenFolder.ints(one.get("completion_ids")), maxLength);
            int[] other = cut(prompt, GoldenFolder.ints(one.get("KL_completion_ids")), maxLength);
            expected.add(Sample.ofDocuments(
                            0,
                            joined(answer, other),
                            joined(labels(answer, prompt.length), labels(other, prompt.length)),
                            answer.length,
                            other.length)
                    .withLabel(one.get("label").asBoolean() ? 1 : 0));
        }
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(task("max_length: " + maxLength), chat, List.of(), rows, samples);
        assertThat(samples).isEqualTo(expected);
        assertThat(counts.samples()).isEqualTo(expected.size());
    }

    private static int[] cut(int[] prompt, int[] answer, int maxLength) {
        int[] whole = joined(prompt, answer);
        return Arrays.copyOf(whole, Math.min(maxLength, whole.length));
    }

    private static int[] labels(int[] ids, int prompt) {
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, prompt, Sample.IGNORED);
        return labels;
    }

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(IntStream.of(first), IntStream.of(second)).toArray();
    }

    @Test
    void pairsNoAnswerWithADroppedRow() throws IOException {
        UnpairedPreferenceData task = task("max_length: 20");
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(
                task,
                files,
                List.of(),
                Rows.clean(
                        reading(task),
                        Rows.row(row("Why? ".repeat(30), " So", true)),
                        Rows.row(row("Why?", " So", true)),
                        Rows.row(row("", " So", false))),
                samples);
        assertThat(counts.dropped()).containsOnlyKeys("labels_cut_off", "empty_prompt");
        // A single row is paired with itself.
        assertThat(samples).singleElement().satisfies(sample -> {
            assertThat(sample.document(0)).isEqualTo(sample.document(1));
            assertThat(sample.label()).isEqualTo(1);
        });

        UnpairedPreferenceData dropping = task("max_length: 20", "overlong: drop");
        counts = Rows.samples(
                dropping,
                files,
                List.of(),
                Rows.clean(reading(dropping), Rows.row(row("Why?", " No".repeat(30), false))),
                samples);
        assertThat(counts.dropped()).containsExactly(Map.entry("overlong", 1L));
    }

    @Test
    void refusesUnsuitableSourcesAndSettings() {
        assertThatThrownBy(() -> task().reading(Rows.jsonLines("prompt", "completion"), files, true))
                .isInstanceOf(RunException.class)
                .hasMessage("data.train: " + Rows.FILE + " lacks columns of task unpaired-preference (prompt,"
                        + " completion, label), its columns are completion, prompt");
        task("label: liked").reading(Rows.jsonLines("prompt", "completion", "liked"), files, true);
        task().reading(Rows.jsonLines("prompt"), files, false);
        Rows.Source folders = new Rows.Source("file:/mails", DataFormat.TEXT_FOLDERS, List.of());
        assertThatThrownBy(() -> task().reading(folders, files, true)).hasMessageContaining("hold no answers");
        assertThatThrownBy(() -> task("packing: bfd").check(files))
                .hasMessage("data.packing: an answer is a sample of task unpaired-preference, answers are not packed:"
                        + " leave it out");
    }

    @Test
    void readsAPromptWithoutAnAnswer() {
        UnpairedPreferenceData task = task();
        Reading<RatedAnswer> reading = task.reading(Rows.jsonLines("prompt"), files, false);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            TaskInput input = task.inputs(tokenizer, files)
                    .apply(Rows.clean(reading, Rows.row("{\"prompt\": \"Why?\"}"))
                            .get(0));
            assertThat(input.text()).isEqualTo("Why?");
            assertThat(input.sample().inputIds()).isEqualTo(tokenizer.encodeDocument("Why?", Integer.MAX_VALUE));
        }
    }
}
