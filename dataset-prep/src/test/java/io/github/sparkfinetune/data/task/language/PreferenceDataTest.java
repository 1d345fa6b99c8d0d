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
import io.github.sparkfinetune.data.sft.PreferencePair;
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

class PreferenceDataTest {
    private final TokenizerFiles files = GoldenFolder.tokenizer("bpe");

    PreferenceDataTest() throws IOException {}

    private static PreferenceData task(String... data) {
        return PreferenceData.of(Rows.config("preference", data));
    }

    private Reading<PreferencePair> reading(PreferenceData task) {
        return task.reading(Rows.jsonLines("chosen", "prompt", "rejected"), files, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat", "texts", "implicit_chat", "implicit_texts"})
    void givesTheTokensOfTrl(String kind) throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(Path.of("src/test/resources/preference/tokens.json").toFile());
        TokenizerFiles chat = files.withChatTemplate(golden.get("chat_template").asText());
        int maxLength = golden.get("max_length").asInt();
        List<CleanRow<PreferencePair>> rows = new ArrayList<>();
        List<Sample> expected = new ArrayList<>();
        for (JsonNode one : golden.get(kind)) {
            rows.addAll(Rows.clean(reading(task()), Rows.row(one.get("row").toString())));
            expected.add(pair(one, maxLength));
        }
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(task("max_length: " + maxLength), chat, List.of(), rows, samples);
        assertThat(samples).isEqualTo(expected);
        assertThat(counts.samples()).isEqualTo(expected.size());
    }

    /** Returns the pair as TRL's collator makes it, cut at the end. */
    private static Sample pair(JsonNode golden, int maxLength) {
        int[] prompt = GoldenFolder.ints(golden.get("prompt_ids"));
        List<int[]> ids = new ArrayList<>();
        List<int[]> labels = new ArrayList<>();
        for (String answer : List.of("chosen_ids", "rejected_ids")) {
            int[] whole = joined(prompt, GoldenFolder.ints(golden.get(answer)));
            int[] cut = Arrays.copyOf(whole, Math.min(maxLength, whole.length));
            int[] label = cut.clone();
            Arrays.fill(label, 0, prompt.length, Sample.IGNORED);
            ids.add(cut);
            labels.add(label);
        }
        return Sample.ofDocuments(
                0,
                joined(ids.get(0), ids.get(1)),
                joined(labels.get(0), labels.get(1)),
                ids.get(0).length,
                ids.get(1).length);
    }

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(IntStream.of(first), IntStream.of(second)).toArray();
    }

    @Test
    void reportsWhyAPairIsDropped() throws IOException {
        PreferenceData task = task("max_length: 20");
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(
                task,
                files,
                List.of(),
                Rows.clean(
                        reading(task),
                        Rows.row("{\"prompt\": \"Why?\", \"chosen\": \" So\", \"rejected\": \" No\"}"),
                        Rows.row("{\"prompt\": \"" + "Why? ".repeat(30)
                                + "\", \"chosen\": \" So\", \"rejected\": \" No\"}"),
                        Rows.row("{\"prompt\": \"\", \"chosen\": \" So\", \"rejected\": \" No\"}")),
                samples);
        assertThat(samples).hasSize(1);
        assertThat(counts.dropped()).containsOnlyKeys("labels_cut_off", "empty_prompt");

        PreferenceData dropping = task("max_length: 20", "overlong: drop");
        counts = Rows.samples(
                dropping,
                files,
                List.of(),
                Rows.clean(
                        reading(dropping),
                        Rows.row("{\"prompt\": \"Why?\", \"chosen\": \" So\", \"rejected\": \"" + " No".repeat(30)
                                + "\"}")),
                samples);
        assertThat(counts.dropped()).containsExactly(Map.entry("overlong", 1L));
    }

    @Test
    void refusesUnsuitableSourcesAndSettings() {
        assertThatThrownBy(() -> task().reading(Rows.jsonLines("prompt", "chosen"), files, true))
                .isInstanceOf(RunException.class)
                .hasMessage("data.train: " + Rows.FILE + " lacks columns of task preference (prompt, chosen and"
                        + " rejected; chosen and rejected with the prompt in both), its columns are chosen, prompt");
        task().reading(Rows.jsonLines("chosen", "rejected"), files, true);
        task().reading(Rows.jsonLines("prompt"), files, false);
        Rows.Source folders = new Rows.Source("file:/mails", DataFormat.TEXT_FOLDERS, List.of());
        assertThatThrownBy(() -> task().reading(folders, files, true)).hasMessageContaining("hold no preferences");
        assertThatThrownBy(() -> task("packing: bfd").check(files))
                .hasMessage("data.packing: a pair of answers is a sample of task preference, pairs are not packed:"
                        + " leave it out");
    }

    @Test
    void readsAPromptWithoutAnswers() {
        PreferenceData task = task();
        Reading<PreferencePair> reading = task.reading(Rows.jsonLines("prompt"), files, false);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            TaskInput input = task.inputs(tokenizer, files)
                    .apply(Rows.clean(reading, Rows.row("{\"prompt\": \"Why?\"}"))
                            .get(0));
            assertThat(input.text()).isEqualTo("Why?");
            assertThat(input.reference()).isNull();
            assertThat(input.sample().inputIds()).isEqualTo(tokenizer.encodeDocument("Why?", Integer.MAX_VALUE));
        }
    }
}
