package io.github.sparkfinetune.data.task.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.RewardPair;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RewardDataTest {
    private static final String PAIR = "{\"prompt\": \"Why?\", \"chosen\": \" So\", \"rejected\": \" No\"}";

    private final TokenizerFiles files = GoldenFolder.tokenizer("bpe");

    RewardDataTest() throws IOException {}

    private static RewardData task(String... data) {
        return RewardData.of(Rows.config("reward", data));
    }

    private Reading<RewardPair> reading(RewardData task) {
        return task.reading(Rows.jsonLines("chosen", "prompt", "rejected", "margin"), files, true);
    }

    @Test
    void givesTheTokensOfTrl() throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(Path.of("src/test/resources/preference/reward.json").toFile());
        TokenizerFiles chat = files.withChatTemplate(golden.get("chat_template").asText());
        List<CleanRow<RewardPair>> rows = new ArrayList<>();
        List<Sample> expected = new ArrayList<>();
        for (JsonNode one : golden.get("rows")) {
            rows.addAll(Rows.clean(reading(task()), Rows.row(one.get("row").toString())));
            int[] chosen = GoldenFolder.ints(one.get("chosen_ids"));
            int[] rejected = GoldenFolder.ints(one.get("rejected_ids"));
            int[] both = IntStream.concat(IntStream.of(chosen), IntStream.of(rejected))
                    .toArray();
            expected.add(Sample.ofDocuments(0, both, both.clone(), chosen.length, rejected.length)
                    .withTargets(one.get("row").path("margin").asDouble()));
        }
        List<Sample> samples = new ArrayList<>();
        Rows.samples(task("max_length: " + golden.get("max_length").asInt()), chat, List.of(), rows, samples);
        assertThat(samples).isEqualTo(expected);
    }

    @Test
    void reportsWhyAPairIsDropped() throws IOException {
        RewardData task = task("max_length: 20", "overlong: drop");
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(
                task,
                files,
                List.of(),
                Rows.clean(reading(task), Rows.row(PAIR), Rows.row(PAIR.replace("Why?", "Why? ".repeat(30)))),
                samples);
        assertThat(samples).hasSize(1);
        assertThat(counts.dropped()).containsExactly(Map.entry("overlong", 1L));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"much\" | bad_margin",
                "\"NaN\" | bad_margin",
                "[1] | bad_margin",
                "\" 1.5 \" |",
                "null |",
            })
    void readsAMarginThatIsANumber(String margin, String badBecause) {
        String row = PAIR.replace("}", ", \"margin\": " + margin + "}");
        assertThat(Rows.clean(reading(task()), Rows.row(row)).get(0).badBecause())
                .isEqualTo(badBecause);
    }

    @Test
    void refusesUnsuitableSourcesAndSettings() {
        assertThatThrownBy(() -> task().reading(Rows.jsonLines("prompt", "chosen"), files, true))
                .hasMessage("data.train: " + Rows.FILE + " lacks columns of task reward (prompt, chosen and"
                        + " rejected; chosen and rejected with the prompt in both), its columns are chosen, prompt");
        assertThatThrownBy(() -> task("packing: bfd").check(files))
                .hasMessage("data.packing: a pair of answers is a sample of task reward, pairs are not packed:"
                        + " leave it out");
    }

    @Test
    void readsAnAnswerToScore() {
        RewardData task = task("max_length: 8");
        Reading<RewardPair> reading = task.reading(Rows.jsonLines("prompt", "completion"), files, false);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            TaskInput input = task.inputs(tokenizer, files)
                    .apply(Rows.clean(
                                    reading,
                                    Rows.row("{\"prompt\": \"Why?\", \"completion\": \" " + "So. ".repeat(9) + "\"}"))
                            .get(0));
            assertThat(input.text()).startsWith("Why? So.").endsWith("<|im_end|>");
            assertThat(input.sample().length()).isEqualTo(8);
        }
    }
}
