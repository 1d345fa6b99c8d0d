package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.tensor.AbsentDevice;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Trainings of every family whose scripts mix no devices and wait for no value. */
class AbsentDeviceRunTest {
    /** Families whose layers have unlike scripts. */
    private static final Set<String> UNLIKE = Set.of("bert", "deberta-v2", "modernbert", "gpt2", "llama", "gemma2");

    /** Trains the head alone. */
    private static final String HEAD = "method.type=freeze";

    @TempDir
    private Path folder;

    /**
     * Encoders whose scores have no bias compute all texts by one call: in training unless probabilities are dropped,
     * and in every evaluation.
     */
    @ParameterizedTest
    @CsvSource({
        "bert, 0, true, true",
        "bert, 0.1, false, true",
        "roberta, 0, true, true",
        "electra, 0, true, true",
        "mpnet, 0, false, false"
    })
    void computesAllTextsOfAnEncoderByOneCall(String family, double dropped, boolean trains, boolean evaluates)
            throws Exception {
        Path base = TinyModel.copy(
                folder.resolve("base"),
                family + "-seqcls",
                config -> config.put(
                        config.has("attention_dropout") ? "attention_dropout" : "attention_probs_dropout_prob",
                        dropped));
        TinyRun tiny = new TinyRun(folder, base, "classification", "training.max_steps=1", "precision=bf16");
        try (AbsentDevice device = new AbsentDevice()) {
            device.trace(folder.resolve("trace.json"), "layer");
            tiny.run(tiny.config("run"), 1, null);
            assertThat(device.named().get("layer_forward").contains("lse")).isEqualTo(trains);
            assertThat(device.named().get("layer_forward").contains("probs")).isEqualTo(!trains);
            assertThat(device.traces().get("layer").operators())
                    .filteredOn(name -> name.startsWith("meta_"))
                    .hasSize(evaluates ? 1 : 3)
                    .containsOnly(evaluates ? "meta_flash_forward" : "meta_attention");
        }
    }

    static Stream<Arguments> privateMethods() {
        return Stream.of(
                Arguments.of(
                        "full", List.of("layer_measure", "embeddings_measure", "measured_rows", "add_scaled_lookups")),
                Arguments.of("lora", List.of("layer_backward", "row_norms", "add_scaled_rows")));
    }

    @ParameterizedTest
    @MethodSource("privateMethods")
    void repeatsEveryCallOfAPrivateTraining(String method, List<String> calls) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "bert-seqcls", config -> {});
        TinyRun tiny = new TinyRun(
                folder,
                base,
                "classification",
                "training.max_steps=1",
                "training.warmup_ratio=0",
                "training.privacy.noise_multiplier=1");
        try (AbsentDevice device = new AbsentDevice()) {
            tiny.run(tiny.config("run", "precision=fp32", "method.type=" + method), 1, null);
            assertThat(device.repeats())
                    .containsKeys(calls.toArray(String[]::new))
                    .containsKeys("sequence_head_measure", "add_scaled");
        }
    }

    static Stream<Arguments> familiesTasksAndSettings() {
        List<String> settings = List.of(
                "method.type=full precision=bf16 training.gradient_checkpointing=true",
                "method.type=full",
                HEAD,
                "method.type=lora method.lora_dropout=0.1 precision=bf16",
                "method.type=lora method.use_dora=true",
                "method.type=qlora precision=bf16");
        return TestMatrix.of(Architectures.modelTypes().stream()
                .filter(type -> TestMatrix.isFull() || UNLIKE.contains(type))
                .flatMap(type -> FamiliesTest.tasks(type).stream()
                        .filter(task -> !FamiliesTest.isRefused(type, task))
                        .flatMap(task -> TestMatrix.product(List.of(type), List.of(task), settings))));
    }

    @ParameterizedTest
    @MethodSource("familiesTasksAndSettings")
    void repeatsEveryCallOfATraining(String modelType, Task task, String settings) throws Exception {
        Path golden =
                FamiliesTest.models(modelType, FamiliesTest.HEADS.get(task)).get(0);
        Path base = TinyModel.copy(folder.resolve("base"), golden.getFileName().toString(), config -> {});
        TinyRun tiny =
                new TinyRun(folder, base, FamiliesTest.key(task), "training.max_steps=1", "training.warmup_ratio=0");
        String[] all = (settings.equals(HEAD)
                        ? String.join(" ", RunKind.method(task, MethodConfig.Type.FREEZE))
                        : settings)
                .split(" ");
        RunConfig config = tiny.config("run", all);
        try (AbsentDevice device = new AbsentDevice()) {
            tiny.run(config, 1, null);
            assertThat(device.repeats()).containsKeys("lookup", "layer", "unit_norms");
            assertThat(device.repeats().keySet()).containsAnyOf("backward", "layer_backward", "sequence_head_backward");
            // The weights of answers' tokens are computed there too, so that nothing is read before the backward.
            if (task == Task.PREFERENCE) {
                assertThat(device.repeats()).containsKey("pair_loss");
            } else if (task == Task.UNPAIRED_PREFERENCE) {
                assertThat(device.repeats()).containsKey("rated_loss");
            }
            assertThat(device.repeats().keySet())
                    .containsAnyOf(
                            "vocabulary_loss",
                            "weighted",
                            "weighted_gradients",
                            "cross_entropy",
                            "answer_loss",
                            "reward_loss",
                            "ranking_gradient",
                            "binary_cross_entropy");
        }
    }
}
