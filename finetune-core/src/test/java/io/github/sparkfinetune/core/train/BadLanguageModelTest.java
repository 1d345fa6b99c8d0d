package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Errors of a language model or an adapter are reported in one line with the fault, its location and a remedy. */
class BadLanguageModelTest {
    @TempDir
    private Path folder;

    private static void assertRefused(ThrowingCallable work, ExitCode code, String... parts) {
        assertThatThrownBy(work)
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .hasMessageContainingAll(parts)
                .extracting(Throwable::getMessage)
                .asString()
                .doesNotContain("\n");
    }

    private static void assertRefused(Path base, ExitCode code, List<String> settings, String... parts) {
        assertRefused(
                () -> TinyDecoder.toTrain(base, settings.toArray(String[]::new)).close(), code, parts);
    }

    static Stream<Arguments> configurations() {
        return Stream.of(
                of("llama-tied", config -> config.put("attention_dropout", 0.1), "attention_dropout is not supported"),
                of("llama-tied", config -> config.put("hidden_act", "xielu"), "hidden_act xielu is not supported"),
                of(
                        "llama-tied",
                        config -> config.put("num_key_value_heads", 3),
                        "num_key_value_heads 3 does not divide"),
                of(
                        "llama-tied",
                        config -> config.put("num_hidden_layers", 3),
                        "model.layers.2.self_attn.q_proj.weight"),
                of("llama-tied", config -> config.put("intermediate_size", 96), "gate_proj.weight has shape [128, 64]"),
                of("llama-tied", config -> config.put("model_type", "mamba"), "model_type mamba is not supported"),
                of("llama-tied", config -> config.put("tie_word_embeddings", false), "lm_head.weight"),
                of("llama-tied", config -> config.putObject("rope_scaling").put("type", "ntk"), "type ntk is not"),
                of("qwen2", BadLanguageModelTest::slidingWindow, "use_sliding_window is not supported for qwen2"),
                of("granite", config -> config.put("logits_scaling", 0), "logits_scaling 0 is not supported"),
                of("smollm3", BadLanguageModelTest::chunked, "layer_types chunked_attention is not supported"),
                of("gemma2", config -> config.put("use_bidirectional_attention", true), "use_bidirectional_attention"),
                of("gemma3", config -> config.put("attn_logit_softcapping", 5), "attn_logit_softcapping is not"),
                of(
                        "gemma3",
                        config -> config.put("model_type", "gemma3"),
                        "model_type gemma3 with a text_config of gemma3 is not supported; only gemma3_text is"),
                of("phi3", config -> config.put("resid_pdrop", 0.1), "resid_pdrop is not supported"),
                of("gpt2", config -> config.put("scale_attn_by_inverse_layer_idx", true), "scale_attn_by_inverse"),
                of("gpt2", config -> config.put("activation_function", "mish"), "mish"));
    }

    private static Arguments of(String kind, Consumer<ObjectNode> edit, String message) {
        return Arguments.of(kind, Named.of("config.json", edit), message);
    }

    private static void slidingWindow(ObjectNode config) {
        config.put("use_sliding_window", true).put("max_window_layers", 1).put("sliding_window", 16);
        config.remove("layer_types");
    }

    private static void chunked(ObjectNode config) {
        ArrayNode types = config.putArray("layer_types");
        for (int i = 0; i < 4; i++) {
            types.add("chunked_attention");
        }
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void refusesUnsupportedAndIncompleteModels(String kind, Consumer<ObjectNode> edit, String message)
            throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, edit);
        assertRefused(base, ExitCode.DATA, List.of(), message);
    }

    @Test
    void refusesAPickle() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        Files.move(base.resolve("model.safetensors"), base.resolve("pytorch_model.bin"));
        assertRefused(base, ExitCode.DATA, List.of(), "pytorch_model.bin", "Python pickle", "convert it");
    }

    @ParameterizedTest
    @CsvSource({"full", "freeze"})
    void refusesFullTrainingOfA4BitModel(String method) {
        Path base = GoldenFiles.root().resolve("nf4/llama-tied-4bit");
        assertRefused(base, ExitCode.CONFIG, List.of("method.type=" + method), "method.type", "4-bit model", "qlora");
    }

    @Test
    void refusesTargetsThatMatchNothingAndListsTheModules() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        assertRefused(
                base,
                ExitCode.CONFIG,
                List.of("method.type=lora", "method.target_modules=[q_proj, query]"),
                "target_modules: query matches no linear",
                "its linears are down_proj, gate_proj, up_proj, k_proj, o_proj, q_proj, v_proj, lm_head");
        assertRefused(
                base,
                ExitCode.CONFIG,
                List.of("method.type=lora", "method.layers_to_transform=[7]"),
                "target_modules",
                "matches no linear");
        assertRefused(
                base,
                ExitCode.CONFIG,
                List.of("method.type=lora", "method.target_modules=[lm_head]"),
                "method.target_modules: lm_head cannot have an adapter",
                "modules_to_save");
    }

    @ParameterizedTest
    @CsvSource({"gpt2, lora-qv", "llama-tied, gpt2-lora-c_attn", "mistral, lora-qv", "llama-tied, bert-lora-qv"})
    void refusesAnAdapterForAnotherBase(String kind, String adapter) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        assertRefused(
                () -> TinyDecoder.toTrain(
                                base,
                                TinyDecoder.config("method.type=lora", "method.adapter=unused"),
                                Optional.of(GoldenFiles.root().resolve("peft/" + adapter)),
                                0)
                        .close(),
                ExitCode.DATA,
                "the adapter does not fit this model",
                "it was trained for");
    }

    @ParameterizedTest
    @CsvSource({
        "full, F32, model.layers.1.mlp.up_proj.weight",
        "lora, F32, model.norm.weight",
        "lora, BF16, model.layers.0.mlp.down_proj.weight",
        "lora, F32, model.embed_tokens.weight",
        "qlora, F32, model.layers.1.self_attn.k_proj.weight"
    })
    void refusesNonFiniteWeights(String method, TensorType type, String tensor) throws Exception {
        Path whole = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        Path base = TinyModel.rewrite(whole, folder.resolve("damaged"), type, Long.MAX_VALUE, (name, values) -> {
            if (name.equals(tensor)) {
                Arrays.fill(values, 1, values.length, Float.NaN);
            }
        });
        TinyRun tiny = new TinyRun(folder, base, "causal-lm", "method.type=" + method);
        RunConfig config = tiny.config("out");
        assertRefused(
                () -> run(tiny, config, 2),
                ExitCode.DATA,
                base.resolve("model.safetensors").toString(),
                tensor,
                " is NaN at element 1",
                "damaged");
    }

    @Test
    void refusesANonFiniteAdapter() throws Exception {
        Path source = GoldenFiles.root().resolve("peft/lora-qv");
        Path adapter = Files.createDirectory(folder.resolve("adapter"));
        Files.copy(source.resolve("adapter_config.json"), adapter.resolve("adapter_config.json"));
        byte[] weights = Files.readAllBytes(source.resolve("adapter_model.safetensors"));
        ByteBuffer.wrap(weights).order(ByteOrder.LITTLE_ENDIAN).putFloat(weights.length - Float.BYTES, Float.NaN);
        Files.write(adapter.resolve("adapter_model.safetensors"), weights);
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        RunConfig config = TinyDecoder.config("method.type=lora", "method.adapter=unused");
        assertRefused(
                () -> TinyDecoder.toTrain(base, config, Optional.of(adapter), 0).close(),
                ExitCode.DATA,
                adapter.resolve("adapter_model.safetensors").toString(),
                " is NaN at element ",
                "damaged");
    }

    /** Trains, and rethrows the exception of rank 0. */
    private static TinyRun.Outcome run(TinyRun tiny, RunConfig config, int ranks) throws Throwable {
        try {
            return tiny.run(config, ranks, null);
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }

    @ParameterizedTest
    @CsvSource({"full", "lora"})
    void stopsAtANonFiniteLossAndKeepsTheCheckpoints(String method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        TinyRun tiny = new TinyRun(folder, base, "sft", "method.type=" + method);
        RunConfig config = tiny.config(
                "out", "training.learning_rate=1.0e30", "training.warmup_ratio=0.2", "training.save_steps=1");
        assertRefused(
                () -> run(tiny, config, 2),
                ExitCode.FAILED,
                "training.learning_rate: the loss of step 3 is ",
                "rank 0",
                " is the first tensor that is not finite; the newest checkpoint is kept");
        List<Checkpoint> kept = tiny.checkpoints(config);
        assertThat(kept).extracting(Checkpoint::step).last().isEqualTo(2L);
    }

    /** The weights are finite, but their products are not. */
    @ParameterizedTest
    @CsvSource({
        "method.type=full, cluster.shard=none, down_proj, the output of layer 1",
        "method.type=full, cluster.shard=full, down_proj, the output of layer 1",
        "method.type=lora, cluster.shard=none, down_proj, the output of layer 1",
        "method.type=full, cluster.shard=full, norm, the output of the head"
    })
    void namesTheFirstTensorThatIsNotFiniteInTheFirstStep(String method, String shard, String module, String first)
            throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-untied", config -> {});
        Path large =
                TinyModel.rewrite(base, folder.resolve("large"), TensorType.F32, Long.MAX_VALUE, (name, values) -> {
                    if (name.matches("model\\.(layers\\.1\\.mlp\\.)?" + module + "\\.weight")) {
                        Arrays.fill(values, 3e38f);
                    }
                });
        TinyRun tiny = new TinyRun(folder, large, "sft", method, shard, "precision=fp32");
        RunConfig config = tiny.config("out", "training.per_device_train_batch_size=2");

        assertThatThrownBy(() -> run(tiny, config, 2))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("the loss of step 1 is NaN and its gradient norm NaN (rank 0): " + first
                        + " is the first tensor that is not finite. No parameter has changed yet")
                .message()
                .doesNotContain("\n", "learning_rate");
    }
}
