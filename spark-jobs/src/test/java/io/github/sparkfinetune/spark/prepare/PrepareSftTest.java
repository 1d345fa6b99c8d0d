package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepareSftTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Template without generation blocks, like SmolLM2's. */
    private static final String PLAIN = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'"
            + " + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    private static String question(int i) {
        return "Question " + i + ": " + PrepareFixture.text(i);
    }

    private static String answer(int i) {
        return "Answer " + i + " \uD83D\uDE00";
    }

    private Path write(String name, int rows, java.util.function.IntFunction<Map<String, ?>> row) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            lines.add(JSON.writeValueAsString(row.apply(i)));
        }
        return PrepareFixture.write(folder.resolve(name), lines);
    }

    private static Map<String, ?> messages(int i) {
        return Map.of("messages", List.of(message("user", question(i)), message("assistant", answer(i))));
    }

    private Manifest prepare(String name, Path train, String... data) {
        return PrepareJob.run(spark, config(name, train, data));
    }

    private RunConfig config(String name, Path train, String... data) {
        List<String> lines = new ArrayList<>(List.of("train: " + train, "max_length: 512"));
        Collections.addAll(lines, data);
        if (lines.stream().noneMatch(line -> line.startsWith("eval_fraction"))) {
            lines.add("eval_fraction: 0");
        }
        return PrepareFixture.languageModel("sft", folder.resolve(name), lines.toArray(String[]::new));
    }

    private List<Sample> train(String name, Manifest manifest) throws IOException {
        return PrepareFixture.samples(folder.resolve(name), manifest, Manifest.TRAIN);
    }

    /** Returns each whole sample and its trained part as texts, without special tokens. */
    private List<String> texts(List<Sample> samples) throws IOException {
        List<String> texts = new ArrayList<>();
        RunConfig config = config("any", folder);
        TokenizerFiles files = TokenizerFiles.read(new org.apache.hadoop.fs.Path(config.model()), new Configuration());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            for (Sample sample : samples) {
                int[] trained = Arrays.stream(sample.labels())
                        .filter(label -> label != Sample.IGNORED)
                        .toArray();
                assertThat(trained[trained.length - 1])
                        .isEqualTo(files.special().eosId());
                texts.add(tokenizer.decode(sample.inputIds()) + " => " + tokenizer.decode(trained));
            }
        }
        Collections.sort(texts);
        return texts;
    }

    private static List<String> expected(int rows) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            texts.add("user\n" + question(i) + "\nassistant\n" + answer(i) + "\n => " + answer(i));
        }
        Collections.sort(texts);
        return texts;
    }

    @Test
    void makesTheSameSamplesFromEveryKindOfConversationAndFormat() throws IOException {
        Path jsonl = write("messages.jsonl", 40, PrepareSftTest::messages);
        Manifest manifest = prepare("messages", jsonl);
        List<Sample> samples = train("messages", manifest);
        assertThat(texts(samples)).isEqualTo(expected(40));
        assertThat(manifest.labels()).isEmpty();
        assertThat(manifest.split(Manifest.TRAIN).documents().count()).isEqualTo(40);
        assertThat(manifest.split(Manifest.TRAIN).documents().labelTokens())
                .isEqualTo(samples.stream().mapToInt(Sample::labelTokens).sum());

        Path shareGpt = write(
                "sharegpt.jsonl",
                40,
                i -> Map.of(
                        "id",
                        i,
                        "conversations",
                        List.of(
                                Map.of("from", "human", "value", question(i)),
                                Map.of("from", "gpt", "value", answer(i)))));
        Path alpaca =
                write("alpaca.jsonl", 40, i -> Map.of("instruction", question(i), "input", "", "output", answer(i)));
        Path turns = write(
                "turns.jsonl",
                40,
                i -> Map.of(
                        "prompt", List.of(message("user", question(i))),
                        "completion", List.of(message("assistant", answer(i)))));
        for (Path file : List.of(shareGpt, alpaca, turns)) {
            String name = "of-" + file.getFileName();
            assertThat(texts(train(name, prepare(name, file)))).as(name).isEqualTo(expected(40));
            Path parquet = folder.resolve(file.getFileName() + ".parquet");
            spark.read().json(file.toString()).write().parquet(parquet.toString());
            String again = "of-" + parquet.getFileName();
            assertThat(texts(train(again, prepare(again, parquet)))).as(again).isEqualTo(expected(40));
        }
        List<String> csv = new ArrayList<>(List.of("id,messages"));
        for (int i = 0; i < 40; i++) {
            csv.add(i + ",\""
                    + JSON.writeValueAsString(messages(i).get("messages")).replace("\"", "\"\"") + "\"");
        }
        Path table = PrepareFixture.write(folder.resolve("messages.csv"), csv);
        assertThat(texts(train("csv", prepare("csv", table)))).isEqualTo(expected(40));
    }

    @Test
    void joinsTextsOfPromptAndCompletionWithAnEndToken() throws IOException {
        Path file = write("texts.jsonl", 10, i -> Map.of("prompt", question(i), "completion", " " + answer(i)));
        Path parquet = folder.resolve("texts.parquet");
        spark.read().json(file.toString()).write().parquet(parquet.toString());
        Manifest manifest = prepare("texts", parquet);
        assertThat(texts(train("texts", manifest)))
                .hasSize(10)
                .contains(question(3) + " " + answer(3) + " =>  " + answer(3));
    }

    @Test
    void makesTheSameLabelsFromATemplateWithoutGenerationBlocks() throws IOException {
        Path file = write("messages.jsonl", 20, PrepareSftTest::messages);
        Path template = Files.writeString(folder.resolve("plain.jinja"), PLAIN);
        List<Sample> marked = train("marked", prepare("marked", file));
        List<Sample> plain = train("plain", prepare("plain", file, "chat_template: " + template));
        assertThat(plain).isEqualTo(marked);
        // Another template requires another dataset.
        assertThatThrownBy(() -> prepare("plain", file))
                .hasMessageContaining("prepared with data.chat_template_sha256");
        assertThatThrownBy(() -> prepare("plain", file, "chat_template: " + template, "packing: bfd"))
                .hasMessageContaining("prepared with data.packing: none, this run has bfd");
    }

    @Test
    void packsFilesThatDependOnlyOnTheRows() throws IOException {
        List<String> lines = Files.readAllLines(write("one.jsonl", 300, PrepareSftTest::messages));
        Path one = folder.resolve("one.jsonl");
        Collections.shuffle(lines, new Random(1));
        for (int i = 0; i < 5; i++) {
            PrepareFixture.write(
                    folder.resolve("many/" + i + ".jsonl"),
                    lines.subList(i * lines.size() / 5, (i + 1) * lines.size() / 5));
        }
        Manifest first = prepare("a", one, "packing: bfd", "eval_fraction: 0.2");
        spark.stop();
        spark = PrepareFixture.spark(1);
        Manifest second = prepare("b", folder.resolve("many"), "packing: bfd", "eval_fraction: 0.2");
        assertThat(PrepareFixture.splits(second)).isEqualTo(PrepareFixture.splits(first));
        for (DatasetSplit split : first.splits().values()) {
            assertThat(split.rows()).isLessThan(split.documents().count());
            for (DatasetSplit.Shard shard : split.shards()) {
                assertThat(folder.resolve("b").resolve(PrepareFixture.like(shard, second)))
                        .hasSameBinaryContentAs(folder.resolve("a").resolve(shard.file()));
            }
        }
        assertThat(first.split(Manifest.EVAL).documents().count()).isEqualTo(60);
        assertThat(first.split(Manifest.TRAIN).documents().count()).isEqualTo(240);

        List<Sample> eval = PrepareFixture.samples(folder.resolve("a"), first, Manifest.EVAL);
        List<Prompts.Prompt> prompts =
                eval.stream().flatMap(sample -> Prompts.of(sample).stream()).toList();
        assertThat(prompts).hasSize(60);
        TokenizerFiles files = TokenizerFiles.read(
                new org.apache.hadoop.fs.Path(config("any", one).model()), new Configuration());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            assertThat(prompts).allSatisfy(prompt -> {
                assertThat(tokenizer.decode(prompt.inputIds()))
                        .startsWith("user\nQuestion")
                        .endsWith("assistant\n");
                assertThat(tokenizer.decode(prompt.answerIds())).startsWith("Answer");
            });
        }
    }

    @Test
    void countsUntrainableRowsByReason() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(write("good.jsonl", 20, PrepareSftTest::messages)));
        lines.add("{\"messages\": [{\"role\": \"user\", \"content\": \"Hello?\"}]}");
        lines.add("{\"messages\": \"no list\"}");
        lines.add("{\"messages\": [{\"role\": \"user\"}]}");
        lines.add("{\"other\": 1}");
        lines.add("{\"messages\": [");
        lines.add("{\"messages\": [{\"from\": \"martian\", \"value\": \"Hello?\"}]}");
        lines.add(JSON.writeValueAsString(Map.of(
                "messages", List.of(message("user", "long question ".repeat(200)), message("assistant", "too late")))));
        lines.add(JSON.writeValueAsString(Map.of(
                "messages", List.of(message("user", "Go on"), message("assistant", "on and on ".repeat(200))))));
        Path file = PrepareFixture.write(folder.resolve("mixed.jsonl"), lines);
        Manifest manifest = prepare("mixed", file, "max_bad_fraction: 0.5");
        assertThat(manifest.badRows())
                .isEqualTo(Map.of(
                        "no_assistant_turn", 1L,
                        "bad_messages", 2L,
                        "no_messages", 1L,
                        "malformed_record", 1L,
                        "unknown_role", 1L));
        assertThat(manifest.split(Manifest.TRAIN).documents().dropped()).isEqualTo(Map.of("labels_cut_off", 1L));
        assertThat(manifest.split(Manifest.TRAIN).documents().count()).isEqualTo(21);
        assertThat(manifest.split(Manifest.TRAIN).truncated()).isEqualTo(1);
        Manifest dropped = prepare("dropped", file, "max_bad_fraction: 0.5", "overlong: drop");
        assertThat(dropped.split(Manifest.TRAIN).documents().dropped()).isEqualTo(Map.of("overlong", 2L));
        assertThat(dropped.split(Manifest.TRAIN).rows()).isEqualTo(20);
        refused(ExitCode.DATA, "6 of 28 rows", file);
        // Six rows are found to be bad in the first pass, the seventh when it is tokenized.
        refused(ExitCode.DATA, "7 of 28 rows cannot be used", file, "max_bad_fraction: 0.22");
    }

    private void refused(ExitCode exit, String message, Path train, String... data) {
        assertThatThrownBy(() -> prepare("refused", train, data))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(exit))
                .hasMessageContaining(message);
        assertThat(folder.resolve("refused")).doesNotExist();
    }

    @Test
    void refusesUnknownAndAmbiguousColumns() throws IOException {
        Path none = write("none.jsonl", 3, i -> Map.of("text", "a text", "label", "b"));
        refused(
                ExitCode.CONFIG,
                "has no columns that task sft knows (messages; conversations; instruction and"
                        + " output; prompt and completion), its columns are label, text",
                none);
        Path both = write(
                "both.jsonl",
                3,
                i -> Map.of(
                        "messages",
                        List.of(message("user", "a"), message("assistant", "b")),
                        "instruction",
                        "a",
                        "output",
                        "b"));
        refused(ExitCode.CONFIG, "more than one kind of conversation (messages; instruction and output)", both);
        Path lists = PrepareFixture.write(folder.resolve("lists.jsonl"), List.of("[1, 2]", "3"));
        refused(ExitCode.DATA, "none of its first 2 rows is a JSON object", lists);
        PrepareFixture.write(folder.resolve("folders/a/1.txt"), List.of("a text"));
        refused(ExitCode.CONFIG, "which hold no conversations", folder.resolve("folders"));
    }

    @Test
    void refusesTemplatesThatCannotBeUsed() throws IOException {
        Path file = write("messages.jsonl", 3, PrepareSftTest::messages);
        refused(ExitCode.CONFIG, "none.jinja does not exist", file, "chat_template: " + folder + "/none.jinja");
        Path reversed = Files.writeString(
                folder.resolve("reversed.jinja"),
                "{% for message in messages | reverse %}{{ message['content'] + '\n' }}{% endfor %}");
        refused(ExitCode.DATA, "reversed.jinja renders the first", file, "chat_template: " + reversed);
        Path raises = Files.writeString(
                folder.resolve("raises.jinja"),
                "{% for message in messages %}{% if 'Question 2' in message['content'] %}"
                        + "{{ raise_exception('no seconds') }}{% endif %}"
                        + "{% generation %}{{ message['content'] }}{% endgeneration %}{% endfor %}");
        refused(ExitCode.DATA, "messages.jsonl: chat template", file, "chat_template: " + raises);
        refused(ExitCode.DATA, "no seconds", file, "chat_template: " + raises);
    }

    @Test
    void readsPromptsOfRowsWithAndWithoutAnswers() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(write("new.jsonl", 3, PrepareSftTest::messages)));
        lines.add("{\"messages\": [{\"role\": \"user\", \"content\": \"Hello?\"}]}");
        lines.add("{\"messages\": 3}");
        Path file = PrepareFixture.write(folder.resolve("new.jsonl"), lines);
        RunConfig config = config("any", file);
        List<TaskInput> prompts = PrepareFixture.inputs(spark, config, file).collect();
        assertThat(prompts).hasSize(5);
        assertThat(prompts.get(1).text())
                .isEqualTo("<|im_start|>user\n" + question(1) + "<|im_end|>\n<|im_start|>assistant\n");
        assertThat(prompts.get(1).reference()).isEqualTo(answer(1));
        assertThat(prompts.get(1).sample().inputIds()).startsWith(1).endsWith(201);
        assertThat(prompts.get(3).text()).endsWith("Hello?<|im_end|>\n<|im_start|>assistant\n");
        assertThat(prompts.get(3).reference()).isNull();
        assertThat(prompts.get(4).error()).isEqualTo("bad_messages");

        Path instructions = write("instructions.jsonl", 2, i -> Map.of("instruction", "Do it", "input", "now"));
        assertThat(PrepareFixture.inputs(spark, config, instructions)
                        .collect()
                        .get(0)
                        .text())
                .isEqualTo("<|im_start|>user\nDo it\nnow<|im_end|>\n<|im_start|>assistant\n");
        Path texts = write("texts.jsonl", 2, i -> Map.of("prompt", "Once upon", "completion", " a time"));
        TaskInput text = PrepareFixture.inputs(spark, config, texts).collect().get(0);
        assertThat(text.text()).isEqualTo("Once upon");
        assertThat(text.reference()).isEqualTo(" a time");
    }
}
