package io.github.sparkfinetune.data.task.question;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Windows, places of tokens and places of answers equal the output of {@code run_qa.py}. */
class QuestionAnsweringGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @TestFactory
    List<DynamicTest> cutsWindowsOfWordPiecesAsRunQa() throws IOException {
        JsonNode golden = GoldenFolder.json("text/qa.json");
        TokenizerFiles files = GoldenFolder.tokenizer(golden.get("tokenizer").asText());
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode test : golden.get("cases")) {
            tests.add(test(
                    golden,
                    test,
                    files,
                    test.get("answer").asText(),
                    test.get("answer_start").asInt()));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    /** Tests byte-level BPE and Unigram, see {@code make_windows.py}. */
    @TestFactory
    List<DynamicTest> cutsWindowsOfOtherTokensAsRunQa() throws IOException {
        Path resources = Path.of("src/test/resources");
        JsonNode golden = JSON.readTree(resources.resolve("windows/cases.json").toFile());
        // XLM-RoBERTa has one token type; only the model's configuration says so.
        Path unigram = Files.createDirectory(folder.resolve("unigram"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")) {
            Files.copy(resources.resolve("unigram").resolve(file), unigram.resolve(file));
        }
        Files.writeString(unigram.resolve("config.json"), "{\"type_vocab_size\": 1, \"pad_token_id\": 1}");
        TokenizerFiles unigrams =
                TokenizerFiles.read(new org.apache.hadoop.fs.Path(unigram.toUri()), new Configuration());
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode test : golden.get("cases")) {
            String answer = test.get("answer").asText("");
            String context = test.get("context").asText();
            TokenizerFiles files = test.get("tokenizer").asText().equals("unigram")
                    ? unigrams
                    : GoldenFolder.tokenizer(test.get("tokenizer").asText());
            tests.add(test(golden, test, files, answer, context.codePointCount(0, context.indexOf(answer))));
        }
        assertThat(tests).hasSize(18);
        return tests;
    }

    private static DynamicTest test(JsonNode golden, JsonNode test, TokenizerFiles files, String answer, int start) {
        return DynamicTest.dynamicTest(test.get("question").asText(), () -> {
            String question = test.get("question").asText();
            String context = test.get("context").asText();
            QuestionAnsweringData task = Questions.withNegative(
                    "max_length: " + golden.get("max_length"), "stride: " + golden.get("stride"));
            String row =
                    Questions.row(question, context, Map.of("text", List.of(answer), "answer_start", List.of(start)));
            List<CleanRow<Question>> rows = Rows.clean(
                    task.reading(Rows.jsonLines("id", "question", "context", "answers"), files, true), Rows.row(row));
            List<Sample> samples = new ArrayList<>();
            Rows.samples(task, files, List.of(), rows, samples);

            JsonNode windows = test.get("windows");
            assertThat(samples).hasSize(windows.size());
            for (int i = 0; i < samples.size(); i++) {
                compare(samples.get(i), windows.get(i), context);
                assertThat(samples.get(i).window().number()).isEqualTo(i);
            }
            List<String> answers = answer.isEmpty() ? List.of() : List.of(answer);
            assertThat(QuestionRow.of(samples.get(0).window().row()))
                    .isEqualTo(new QuestionRow("q1", question, context, answers));
        });
    }

    private static void compare(Sample sample, JsonNode expected, String context) {
        assertThat(sample.inputIds()).isEqualTo(GoldenFolder.ints(expected.get("input_ids")));
        int[] types = expected.has("token_type_ids")
                ? GoldenFolder.ints(expected.get("token_type_ids"))
                : new int[sample.length()];
        assertThat(sample.tokenTypeIds()).isEqualTo(types);
        int end = expected.get("end_position").asInt();
        assertThat(sample.window().answer())
                .containsExactly(Math.min(expected.get("start_position").asInt(), end), end);
        int[] offsets = new int[2 * sample.length()];
        for (int token = 0; token < sample.length(); token++) {
            boolean ofContext = expected.has("sequence_ids")
                    ? expected.get("sequence_ids").get(token).asInt(0) == 1
                    : expected.get("offsets").get(token).get(0).asInt() >= 0;
            for (int side = 0; side < 2; side++) {
                int points = expected.get("offsets").get(token).get(side).asInt();
                offsets[2 * token + side] = ofContext ? context.offsetByCodePoints(0, points) : -1;
            }
        }
        assertThat(sample.window().offsets()).isEqualTo(offsets);
    }
}
