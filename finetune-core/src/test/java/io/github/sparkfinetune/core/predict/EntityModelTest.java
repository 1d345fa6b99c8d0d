package io.github.sparkfinetune.core.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.data.redact.RedactionModel;
import io.github.sparkfinetune.data.redact.find.Span;
import io.github.sparkfinetune.testing.TaggingModel;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The token classifier of {@code data.redact.model}. */
class EntityModelTest {
    private static final Map<String, String> TAGS = Map.of("holder", "B-PER", "contributors", "I-PER", "code", "B-LOC");

    @TempDir
    private Path folder;

    private RedactionModel settings(String entities, String... others) {
        List<String> settings = new ArrayList<>(
                List.of("data.redact.model=" + folder.resolve("tagger"), "data.redact.entities=" + entities));
        settings.addAll(List.of(others));
        String yaml = "{model: m, task: classification, data: {train: t}, output: {dir: o}}";
        return Redaction.of(RunConfigLoader.parse(yaml, "test.yaml", settings)
                        .data()
                        .redact())
                .model();
    }

    private EntityModel open(RedactionModel settings) throws IOException {
        EntityModel.check(settings, new Configuration());
        return EntityModel.load(settings, new Configuration(), folder, 3);
    }

    @Test
    void findsTheRequestedEntitiesByTheirPresidioNames() throws IOException {
        TaggingModel.write(folder.resolve("tagger"), TAGS);
        try (EntityModel model = open(settings("[PERSON, LOCATION]"))) {
            assertThat(model.find(List.of(
                            "the Holder contributors, of code",
                            "\n",
                            "nothing",
                            "\ud83d\ude00 code holder holder contributors")))
                    .containsExactly(
                            List.of(new Span(4, 23, "PERSON"), new Span(28, 32, "LOCATION")),
                            List.of(),
                            List.of(),
                            List.of(new Span(3, 7, "LOCATION"), new Span(8, 14, "PERSON"), new Span(15, 34, "PERSON")));
        }
        try (EntityModel model = open(settings("[PLACE, URL]", "data.redact.labels={LOC: PLACE}"))) {
            assertThat(model.find(List.of("holder of code"))).containsExactly(List.of(new Span(10, 14, "PLACE")));
        }
        try (EntityModel model = open(settings("[PERSON]", "data.redact.score_threshold=0.9999"))) {
            assertThat(model.find(List.of("holder of code"))).containsExactly(List.of());
        }
    }

    @Test
    void longTextsAreReadByWindows() throws IOException {
        TaggingModel.write(folder.resolve("tagger"), TAGS);
        StringBuilder text = new StringBuilder();
        List<Span> expected = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            if (i % 7 == 3) {
                expected.add(new Span(text.length(), text.length() + 6, "PERSON"));
                text.append("holder ");
            } else {
                text.append("the license ");
            }
        }
        try (EntityModel model = open(settings("[PERSON]"))) {
            assertThat(model.find(List.of(text.toString()))).containsExactly(expected);
        }
    }

    static Stream<Arguments> familiesAndTypes() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "bert-tokencls",
                        "distilbert-tokencls",
                        "xlm-roberta-tokencls",
                        "mpnet-tokencls",
                        "deberta-v3-tokencls",
                        "modernbert-tokencls",
                        "qwen2-tokencls",
                        "gpt2-tokencls"),
                List.of("float32", "bfloat16")));
    }

    /** The golden models are not trained, so that many of their decisions are close. */
    @ParameterizedTest
    @MethodSource("familiesAndTypes")
    void spansOfATextDependOnTheTextAlone(String kind, String dtype) throws IOException {
        Path golden = Path.of("src/test/resources/golden/models").resolve(kind);
        Path copy = Files.createDirectories(folder.resolve("tagger"));
        for (String file : List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(golden.resolve(file), copy.resolve(file));
        }
        Files.write(
                copy.resolve("config.json"),
                HfConfig.read(golden).with("compute_dtype", dtype).toJson());
        Random random = new Random(1);
        String[] words = "license copyright software permission notice holder of the in code".split(" ", -1);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder("text " + i);
            random.ints(random.nextInt(90), 0, words.length)
                    .forEach(word -> text.append(' ').append(words[word]));
            texts.add(text.toString());
        }
        RedactionModel settings = settings("[A, B]");
        List<List<Span>> together;
        try (EntityModel model = EntityModel.load(settings, new Configuration(), folder, 4)) {
            together = model.find(texts);
            List<String> reversed = new ArrayList<>(texts);
            Collections.reverse(reversed);
            List<List<Span>> again = new ArrayList<>(model.find(reversed));
            Collections.reverse(again);
            assertThat(again).isEqualTo(together);
        }
        assertThat(together.stream().flatMap(List::stream).map(Span::entity))
                .isNotEmpty()
                .isSubsetOf("A", "B");
        try (EntityModel model = EntityModel.load(settings, new Configuration(), folder, 1)) {
            for (int i = 0; i < texts.size(); i++) {
                assertThat(model.find(List.of(texts.get(i)))).containsExactly(together.get(i));
            }
        }
    }

    @Test
    void refusesOtherFilesThanWereHashed() throws IOException {
        Path tagger = TaggingModel.write(folder.resolve("tagger"), TAGS);
        RedactionModel settings = settings("[PERSON]");
        Files.writeString(tagger.resolve("config.json"), "\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> open(settings))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.redact.model: the files of ")
                .hasMessageContaining("have changed since the command began");
        assertThat(settings("[PERSON]").sha256()).isNotEqualTo(settings.sha256());
    }

    @Test
    void refusesAFamilyThatIsNotSupported() throws IOException {
        Path tagger = TaggingModel.write(folder.resolve("tagger"), TAGS);
        Path config = tagger.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"model_type\":\"bert\"", "\"model_type\":\"x\""));
        RedactionModel settings = settings("[PERSON]");
        assertThatThrownBy(() -> open(settings))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("x");
    }
}
