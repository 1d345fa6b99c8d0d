package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An adapter starts as a no-op, leaves its base unchanged, and changes the model's output by training. It computes the
 * same in memory, loaded from its folder, merged, and when its training continues.
 */
class AdapterRunTest {
    /** Tolerance relative to the largest logit. */
    private static final double LOGITS = 1e-5;

    private static final int STEPS = 3;
    private static final List<Sample> SAMPLES = IntStream.range(0, 3)
            .mapToObj(i -> TinyDataset.documents(new SplittableRandom(i), i, false, i + 1))
            .toList();

    @TempDir
    private Path folder;

    static Stream<Arguments> adapters() {
        String all = "target_modules=all-linear";
        List<List<String>> adapters = List.of(
                List.of("llama-tied"),
                List.of("llama-untied", all, "use_rslora=true", "r=4"),
                List.of("mistral", all, "use_dora=true", "lora_dropout=0.1"),
                List.of("qwen2", "bias=lora_only"),
                List.of("qwen2", "bias=all", "target_modules=[down_proj]", "layers_to_transform=[1]"),
                List.of("llama-tied", "modules_to_save=[lm_head]"),
                List.of("llama-tied", "modules_to_save=[embed_tokens]"),
                List.of("llama-tied", "modules_to_save=[embed_tokens, lm_head, norm]"),
                List.of("llama-untied", "modules_to_save=[embed_tokens, lm_head]", "use_dora=true"),
                List.of("granite", all, "use_dora=true", "lora_dropout=0.1"),
                List.of("smollm3", "modules_to_save=[embed_tokens, norm]"),
                List.of("olmo2", all, "bias=all"),
                List.of("gemma2", all, "lora_dropout=0.1", "modules_to_save=[embed_tokens]"),
                List.of("gemma3", all, "use_dora=true"),
                List.of("gemma3-multimodal", all, "trainable_token_indices=[5]"),
                List.of("mistral3-saved-by-5", "use_dora=true", "modules_to_save=[lm_head]"),
                List.of("phi3"),
                List.of("phi3", "target_modules=[gate_up_proj, qkv_proj]", "use_dora=true", "lora_dropout=0.1"),
                List.of("llama-untied", all, "init_lora_weights=gaussian"),
                List.of("llama-tied", all, "init_lora_weights=pissa", "lora_alpha=2", "bias=all"),
                List.of("qwen3", "init_lora_weights=pissa", "use_dora=true", "modules_to_save=[norm]"),
                List.of(
                        "mistral",
                        all,
                        "init_lora_weights=pissa_niter_4",
                        "use_rslora=true",
                        "rank_pattern={q_proj: 3}",
                        "alpha_pattern={v_proj: 5}"),
                List.of("gpt2", all, "init_lora_weights=pissa", "use_dora=true"),
                List.of("llama-tied", "trainable_token_indices=[20, 7, 383]"),
                List.of("llama-untied", "trainable_token_indices=[9]", "init_lora_weights=pissa", "bias=all"),
                List.of("gemma3", all, "trainable_token_indices=[0, 31]", "modules_to_save=[norm]"),
                List.of("gpt2", "trainable_token_indices=[50, 60]"),
                List.of("gpt2"),
                List.of("gpt2", all, "use_dora=true", "bias=all"),
                List.of("gpt2", "target_modules=[c_fc, attn.c_proj]", "bias=lora_only", "modules_to_save=[lm_head]"),
                List.of("gpt2", "modules_to_save=[wte, ln_f, wpe]", "rank_pattern={h.1.attn.c_attn: 3}"));
        return TestMatrix.of(adapters.stream().map(Arguments::of));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void computesTheSameInMemoryLoadedMergedAndContinued(List<String> adapter) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), adapter.get(0), config -> {});
        byte[] file = Files.readAllBytes(base.resolve("model.safetensors"));
        TinyRun tiny = new TinyRun(folder, base, "causal-lm");
        RunConfig config = tiny.config(
                "out",
                Stream.concat(
                                Stream.of(
                                        "training.max_steps=" + STEPS,
                                        "training.warmup_ratio=0",
                                        "training.learning_rate=2.0e-2",
                                        "method.type=lora"),
                                adapter.stream().skip(1).map(setting -> "method." + setting))
                        .toArray(String[]::new));
        float[] before;
        try (TinyDecoder plain = TinyDecoder.trained(base, Optional.empty(), config)) {
            before = plain.logits(SAMPLES);
        }
        float[] after = train(config, before);
        assertThat(distance(after, before)).isGreaterThan(1e-2);
        assertThat(Files.readAllBytes(base.resolve("model.safetensors"))).isEqualTo(file);

        Path exported = TinyRun.exported(config);
        try (TinyDecoder read = TinyDecoder.trained(exported, Optional.of(base), config)) {
            assertSame("read", read.logits(SAMPLES), after);
        }
        Path merged = folder.resolve("merged");
        TinyRun.merge(config, exported, merged, folder.resolve("cache"));
        try (TinyDecoder whole = TinyDecoder.trained(merged, Optional.empty(), config)) {
            assertSame("merged", whole.logits(SAMPLES), after);
        }
        try (TinyDecoder continued = TinyDecoder.toTrain(base, config, Optional.of(exported), 0)) {
            assertSame("continued", continued.logits(SAMPLES), after);
            try (TinyDecoder fresh = TinyDecoder.toTrain(base, config, Optional.empty(), 0)) {
                assertThat(trained(continued.model())).isEqualTo(trained(fresh.model()));
            }
        }
    }

    /** Trains, and returns the logits of the trained model in memory. */
    private static float[] train(RunConfig config, float[] before) throws Exception {
        Path localDir = Path.of(java.net.URI.create(config.output().dir())).resolveSibling("local");
        RankContext rank = new RankContext(
                new SingleRank(), -1, 1, new Configuration(), localDir, "a", record -> {}, () -> StopRequest.NONE);
        try (TrainingResources workspace = new TrainingResources(config, rank, null)) {
            Decoder model = (Decoder) workspace.model();
            assertSame("a new adapter", TinyDecoder.logits(workspace.manager(), model, SAMPLES), before);
            Map<String, float[]> frozen = TinyModel.frozen(model);
            Training training = new Training(config, rank, workspace);
            training.train(Long.MAX_VALUE);
            training.finish();
            TinyModel.assertFrozen(model, frozen);
            return TinyDecoder.logits(workspace.manager(), model, SAMPLES);
        }
    }

    private static void assertSame(String what, float[] actual, float[] expected) {
        assertClose(what, actual, expected, LOGITS * distance(expected, new float[expected.length]));
    }

    private static List<String> trained(Decoder model) {
        return model.parameters().stream()
                .filter(Parameter::trainable)
                .map(Parameter::name)
                .toList();
    }

    private static double distance(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
