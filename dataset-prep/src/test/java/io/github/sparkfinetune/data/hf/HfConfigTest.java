package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HfConfigTest {
    @TempDir
    Path folder;

    private HfConfig config(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        return HfConfig.read(folder);
    }

    @Test
    void readsTheFirstNameThatIsPresent() throws IOException {
        HfConfig config = config("""
                {"dim": 768, "n_heads": 12, "vocab_size": 30522, "activation": "gelu", "dropout": 0.2, "scaled": true,
                 "pad_token_id": 0, "nothing": null}""");
        assertThat(config.size("hidden_size", "dim")).isEqualTo(768);
        assertThat(config.divisor(new String[] {"num_attention_heads", "n_heads"}, "hidden_size", "dim"))
                .isEqualTo(12);
        assertThat(config.rate(0.1, "dropout")).isEqualTo(0.2);
        assertThat(config.rate(0.1, "attention_dropout")).isEqualTo(0.1);
        assertThat(config.text("hidden_act", "activation")).contains("gelu");
        config.require("scaled", true);
        config.require("nothing", true);
        config.require("missing", true);
        assertThat(config.padTokenId()).hasValue(0);
        assertThat(config.numLabels()).isEqualTo(2);
        assertThat(config.architectures()).isEmpty();
    }

    @Test
    void readsAndWritesTheTextPartOfAMultimodalModel() throws IOException {
        HfConfig whole = config("""
                {"model_type": "m", "architectures": ["MForAll"], "dtype": "bfloat16", "eos_token_id": [1, 106],
                 "pad_token_id": 0, "vision_config": {"layers": 1},
                 "text_config": {"model_type": "t", "architectures": ["TForText"], "hidden_size": 8, "pad_token_id": 3}}""");
        assertThat(whole.modelType()).isEqualTo("m");
        assertThat(whole.multimodalType()).isEmpty();
        HfConfig text = whole.textPart();
        assertThat(text.multimodalType()).contains("m");
        assertThat(text.modelType()).isEqualTo("t");
        assertThat(text.architectures()).containsExactly("MForAll");
        assertThat(text.size("hidden_size")).isEqualTo(8);
        assertThat(text.padTokenId()).hasValue(3);
        assertThat(text.textPart()).isSameAs(text);

        HfConfig grown = text.asLanguageModel("MForAll", "float32").with("vocab_size", 5);
        Files.write(folder.resolve("config.json"), grown.toJson());
        HfConfig read = HfConfig.read(folder);
        assertThat(read.modelType()).isEqualTo("m");
        assertThat(read.text("dtype")).contains("float32");
        assertThat(read.find("vision_config")).isPresent();
        assertThat(read.textPart().vocabSize()).isEqualTo(5);
        assertThat(read.find("text_config").orElseThrow().has("dtype")).isFalse();

        Files.write(folder.resolve("config.json"), grown.alone().toJson());
        assertThat(HfConfig.read(folder).modelType()).isEqualTo("t");
        assertThat(HfConfig.read(folder).find("vision_config")).isEmpty();
        assertThat(HfConfig.read(folder).find("eos_token_id").orElseThrow()).hasToString("[1,106]");
    }

    @Test
    void refusesAFileThatIsTooLarge() throws IOException {
        try (RandomAccessFile sparse =
                new RandomAccessFile(folder.resolve("config.json").toFile(), "rw")) {
            sparse.setLength(1L << 34);
        }
        org.apache.hadoop.fs.Path far = new org.apache.hadoop.fs.Path(folder.toUri());
        for (ThrowingCallable read :
                List.<ThrowingCallable>of(() -> HfConfig.read(folder), () -> HfConfig.read(far, new Configuration()))) {
            assertThatThrownBy(read)
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("config.json has more than 64 MiB");
        }
    }

    @Test
    void keepsUnknownKeysInARewrite() throws IOException {
        HfConfig base = config("""
                {"model_type": "bert", "transformers_version": "4.8.2", "torch_dtype": "float16", "num_labels": 7,
                 "classifier_dropout": null, "hidden_dropout_prob": 0.25, "quirk": {"b": [1, 2.5e-7], "a": null},
                 "id2label": {"1": "old1", "0": "old0"}}""");
        assertThat(base.labels()).containsExactly("old0", "old1");
        assertThat(base.rate(0.1, "classifier_dropout")).isEqualTo(0.1);
        HfConfig rewritten = base.asSequenceClassifier(
                "BertForSequenceClassification",
                List.of("ham", "spam", "\"quoted\""),
                "multi_label_classification",
                "float32");
        Files.write(folder.resolve("config.json"), rewritten.toJson());
        HfConfig read = HfConfig.read(folder);
        assertThat(read.labels()).containsExactly("ham", "spam", "\"quoted\"");
        assertThat(read.numLabels()).isEqualTo(3);
        assertThat(read.architectures()).containsExactly("BertForSequenceClassification");
        assertThat(read.find("label2id").orElseThrow().get("spam").intValue()).isEqualTo(1);
        assertThat(read.find("quirk")).isEqualTo(base.find("quirk"));
        assertThat(read.text("transformers_version")).contains("4.8.2");
        assertThat(read.text("torch_dtype")).contains("float32");
        assertThat(read.text("problem_type")).contains("multi_label_classification");
        assertThat(read.find("num_labels").or(() -> read.find("dtype"))).isEmpty();
        assertThat(base.numLabels()).isEqualTo(2);
    }

    static Stream<Arguments> bad() {
        return Stream.of(
                Arguments.of("{}", (Function<HfConfig, Object>) HfConfig::modelType, "model_type is missing"),
                Arguments.of(
                        "{}",
                        (Function<HfConfig, Object>) config -> config.size("hidden_size", "dim"),
                        "hidden_size or dim is missing"),
                Arguments.of("{\"vocab_size\": \"9\"}", (Function<HfConfig, Object>) HfConfig::vocabSize, "vocab_size"),
                Arguments.of("{\"vocab_size\": 1.5}", (Function<HfConfig, Object>) HfConfig::vocabSize, "vocab_size"),
                Arguments.of("{\"vocab_size\": -1}", (Function<HfConfig, Object>) HfConfig::vocabSize, "at least 1"),
                Arguments.of(
                        "{\"vocab_size\": 99999999999}",
                        (Function<HfConfig, Object>) HfConfig::vocabSize,
                        "vocab_size"),
                Arguments.of(
                        "{\"hidden_size\": 10, \"num_attention_heads\": 3}",
                        (Function<HfConfig, Object>) config -> config.divisor("num_attention_heads", "hidden_size"),
                        "does not divide"),
                Arguments.of(
                        "{\"hidden_dropout_prob\": 1}",
                        (Function<HfConfig, Object>) config -> config.rate(0.1, "hidden_dropout_prob"),
                        "hidden_dropout_prob"),
                Arguments.of(
                        "{\"is_decoder\": true}",
                        (Function<HfConfig, Object>) config -> {
                            config.require("is_decoder", false);
                            return config;
                        },
                        "is_decoder 'true' is not supported, only false is"),
                Arguments.of(
                        "{\"id2label\": {\"0\": \"a\", \"2\": \"b\"}}",
                        (Function<HfConfig, Object>) HfConfig::labels,
                        "no id 1"),
                Arguments.of(
                        "{\"id2label\": {\"x\": \"a\"}}", (Function<HfConfig, Object>) HfConfig::labels, "the id 'x'"),
                Arguments.of("{\"id2label\": [1]}", (Function<HfConfig, Object>) HfConfig::labels, "id2label"),
                Arguments.of("[1]", (Function<HfConfig, Object>) HfConfig::modelType, "not a JSON object"),
                Arguments.of("", (Function<HfConfig, Object>) HfConfig::modelType, "not a JSON object"),
                Arguments.of("{\"a\": 1, \"a\": 2}", (Function<HfConfig, Object>) HfConfig::modelType, "Duplicate"),
                Arguments.of("{\n\"a\"", (Function<HfConfig, Object>) HfConfig::modelType, "line 2"));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void namesFileAndKeyOfABadValue(String json, Function<HfConfig, Object> read, String message) {
        assertThatThrownBy(() -> read.apply(config(json)))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("config.json", message);
    }

    @Test
    void namesAMissingFile() {
        assertThatThrownBy(() -> HfConfig.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("config.json is missing");
    }
}
