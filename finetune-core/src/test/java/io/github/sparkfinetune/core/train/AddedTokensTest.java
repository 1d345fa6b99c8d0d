package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code tokenizer.add_special_tokens} adds rows for new tokens to the embeddings; some methods train the rows. */
class AddedTokensTest {
    private static final int OLD = 384;
    private static final int NEW = 386;
    private static final List<Sample> WITH_NEW = List.of(sample(20, 384, 31, 385, 50, 60), sample(385, 21, 384, 22));

    @TempDir
    private Path folder;

    private static Sample sample(int... ids) {
        return Sample.ofDocuments(ids[0], ids, ids, ids.length);
    }

    static Stream<List<String>> methods() {
        return Stream.of(
                List.of("llama-tied", "type=full"),
                List.of("llama-untied", "type=full"),
                List.of("gpt2", "type=full"),
                List.of("llama-tied", "type=lora"),
                List.of("llama-untied", "type=lora"),
                List.of("llama-tied", "type=lora", "modules_to_save=[embed_tokens]"),
                List.of("llama-tied", "type=lora", "trainable_token_indices=[384, 20]"),
                List.of("llama-untied", "type=lora", "trainable_token_indices=[385]"),
                List.of("llama-untied", "type=lora", "modules_to_save=[embed_tokens, lm_head]"),
                List.of("gpt2", "type=lora", "modules_to_save=[wte, lm_head]"));
    }

    private static String[] settings(List<String> method) {
        return Stream.concat(
                        Stream.of("tokenizer.add_special_tokens=['<|new|>', '<|end|>']", "training.max_steps=2"),
                        method.stream().skip(1).map(setting -> "method." + setting))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void initializesNewRowsByTheMeanAndKeepsOldRows(List<String> method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), method.get(0), config -> {});
        RunConfig config = TinyDecoder.config(settings(method));
        Map<String, float[]> before = TinyModel.weights(base);
        List<Sample> old = List.of(sample(20, 31, 50, 60, 70));
        try (TinyDecoder plain = TinyDecoder.trained(base, Optional.empty(), config);
                TinyDecoder grown = TinyDecoder.toTrain(base, config, Optional.empty(), NEW)) {
            assertThat(grown.loaded.config().vocabSize()).isEqualTo(NEW);
            String table = grown.model().table().name();
            grown.parameters().forEach((name, values) -> {
                if (name.equals(table) || name.equals("lm_head.weight")) {
                    compareRows(name, values, before.getOrDefault(name, before.get(table)));
                }
            });
            float[] logits = plain.logits(old);
            float[] more = grown.logits(old);
            for (int t = 0; t < old.get(0).length(); t++) {
                assertClose(
                        "logits of token " + t,
                        Arrays.copyOfRange(more, t * NEW, t * NEW + OLD),
                        Arrays.copyOfRange(logits, t * OLD, (t + 1) * OLD),
                        1e-5);
            }
            float[] gradient = grown.gradient(DropoutMasks.none(), false, List.of(WITH_NEW))
                    .byName()
                    .get(table);
            assertThat(gradient != null).isEqualTo(grown.model().table().trainable());
            if (gradient != null) {
                assertThat(gradient[gradient.length - 1])
                        .as("a new token learns")
                        .isNotZero();
            }
        }
    }

    private static void compareRows(String name, float[] values, float[] old) {
        int width = old.length / OLD;
        assertThat(values).as(name).hasSize(NEW * width).startsWith(old);
        for (int column = 0; column < width; column++) {
            double mean = 0;
            for (int row = 0; row < OLD; row++) {
                mean += old[row * width + column] / (double) OLD;
            }
            for (int row = OLD; row < NEW; row++) {
                assertThat((double) values[row * width + column]).as(name).isCloseTo(mean, within(1e-7));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void exportsTheNewTokens(List<String> method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), method.get(0), config -> {});
        TinyRun tiny = new TinyRun(folder, base, "causal-lm", settings(method));
        RunConfig config = tiny.config("out", "training.warmup_ratio=0");
        FineTuner.check(config, new Configuration());
        tiny.run(config, 2, null);
        Path exported = TinyRun.exported(config);
        assertThat(HfConfig.read(exported).vocabSize()).isEqualTo(NEW);
        assertThat(Files.readString(exported.resolve("tokenizer.json"))).contains("<|new|>", "<|end|>");
        if (!AdapterFile.isAdapter(exported)) {
            try (TinyDecoder read = TinyDecoder.trained(exported, Optional.empty(), config)) {
                assertThat(read.logits(WITH_NEW)).hasSize(NEW * 10);
            }
            return;
        }
        float[] logits;
        try (TinyDecoder read = TinyDecoder.trained(exported, Optional.of(base), config)) {
            logits = read.logits(WITH_NEW);
            assertThat(TinyRun.model(config).keySet().stream()
                            .map(name -> name.replace(".token_adapter.base_layer", "")))
                    .anyMatch(name -> name.endsWith(read.model().table().name()));
        }
        try (TinyDecoder continued = TinyDecoder.toTrain(base, config, Optional.of(exported), NEW)) {
            assertClose("continued", continued.logits(WITH_NEW), logits, 1e-6);
        }
        assertThatThrownBy(() -> TinyDecoder.toTrain(base, config, Optional.of(exported), OLD))
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll("tokenizer.add_special_tokens", NEW + " rows", "tokens has " + OLD);
        Path merged = folder.resolve("merged");
        TinyRun.merge(config, exported, merged, folder.resolve("cache"));
        try (TinyDecoder whole = TinyDecoder.trained(merged, Optional.empty(), config)) {
            assertClose("merged", whole.logits(WITH_NEW), logits, 5e-5);
        }
        assertThat(GoldenFiles.json(merged.resolve("tokenizer.json")).path("added_tokens"))
                .anyMatch(token -> token.path("id").asInt() == NEW - 1);
    }
}
