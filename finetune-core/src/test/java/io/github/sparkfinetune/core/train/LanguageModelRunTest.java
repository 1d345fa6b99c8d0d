package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameModel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs of language models train the same model however a batch is split, by every method. */
class LanguageModelRunTest {
    @TempDir
    private Path folder;

    /** Models, methods and settings of the tests. */
    enum Method {
        FULL("llama-tied", "causal-lm", "method.type=full"),
        FULL_GPT2_WITH_DROPOUT("gpt2", "sft", "method.type=full", NOISE),
        FREEZE("qwen2", "sft", "method.type=freeze", "method.freeze_layers=1"),
        LORA("llama-tied", "sft", LORA_SETTINGS),
        LORA_WITH_DROPOUT_AND_BIAS("qwen2", "causal-lm", LORA_SETTINGS, "method.lora_dropout=0.2", "method.bias=all"),
        DORA("mistral", "causal-lm", LORA_SETTINGS, "method.use_dora=true", "method.lora_dropout=0.1"),
        PISSA("llama-untied", "causal-lm", LORA_SETTINGS, "method.init_lora_weights=pissa_niter_4"),
        LOFTQ("gpt2", "sft", "method.type=qlora", "method.init_lora_weights=loftq", "method.use_dora=true"),
        ROWS("llama-tied", "causal-lm", LORA_SETTINGS, "method.trainable_token_indices=[20, 7, 60]"),
        ROWS_OF_A_TABLE_ALONE(
                "llama-untied", "sft", "method.type=qlora", "method.trainable_token_indices=[9, 20]", NOISE),
        QLORA("llama-tied", "sft", "method.type=qlora", "method.lora_dropout=0.1"),
        FREEZE_OF_TEXTS("gpt2", "causal-lm", "method.type=freeze", "method.freeze_layers=1"),
        QLORA_OF_TEXTS("llama-untied", "causal-lm", "method.type=qlora"),
        LORA_OVER_BF16("llama-untied", "causal-lm", LORA_SETTINGS),
        FULL_WITH_MULTIPLIERS("granite", "sft", "method.type=full"),
        FREEZE_WITH_FEW_POSITIONS("smollm3", "causal-lm", "method.type=freeze", "method.freeze_layers=2"),
        LORA_WITH_NORMS_BEHIND("olmo2", "sft", LORA_SETTINGS, "method.lora_dropout=0.1"),
        QLORA_WITH_CAPS("gemma2", "causal-lm", "method.type=qlora"),
        DORA_WITH_WINDOWS_IN_SOME_LAYERS("gemma3", "sft", LORA_SETTINGS, "method.use_dora=true", NOISE),
        QLORA_OF_JOINED_LINEARS("phi3", "sft", "method.type=qlora", "method.lora_dropout=0.1");

        private final String kind;
        private final String task;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Method(String kind, String task, String... settings) {
            this.kind = kind;
            this.task = task;
            this.settings = List.of(settings);
        }

        TinyRun prepare(Path folder) throws Exception {
            Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {
                if (this == FULL_GPT2_WITH_DROPOUT) {
                    List.of("attn_pdrop", "embd_pdrop", "resid_pdrop").forEach(rate -> config.put(rate, 0.1));
                }
            });
            if (this == LORA_OVER_BF16) {
                base = TinyModel.rewrite(base, folder.resolve("half"), TensorType.BF16, 60_000, (name, values) -> {});
                assertThat(base.resolve("model.safetensors.index.json")).exists();
            }
            String[] all = settings.toArray(new String[settings.size() + 1]);
            all[settings.size()] = "training.learning_rate=5.0e-3";
            return new TinyRun(folder, base, task, all);
        }
    }

    private static final String NOISE = "training.neftune_noise_alpha=5";
    private static final String LORA_SETTINGS = "method.type=lora";

    static Stream<Arguments> methodsAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(Method.values()),
                List.of(Way.TWO_RANKS, Way.THREE_RANKS, Way.ACCUMULATION, Way.RECOMPUTATION)));
    }

    @ParameterizedTest
    @MethodSource("methodsAndWays")
    void trainsTheSameModelWithRanksMicroBatchesAndRecomputation(Method method, Way way) throws Exception {
        assertSame(method.prepare(folder), way);
    }

    static Stream<Arguments> methodsAndRanks() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        Method.FULL,
                        Method.FULL_GPT2_WITH_DROPOUT,
                        Method.LORA_WITH_DROPOUT_AND_BIAS,
                        Method.DORA,
                        Method.PISSA,
                        Method.LOFTQ,
                        Method.QLORA,
                        Method.QLORA_WITH_CAPS),
                List.of(2, 3)));
    }

    @ParameterizedTest
    @MethodSource("methodsAndRanks")
    void resumesBitEqualAndOnOtherRanksWithTheSameLosses(Method method, int ranks) throws Exception {
        TinyRun tiny = method.prepare(folder);
        String[] settings = {
            "training.per_device_train_batch_size=6", "training.save_steps=4", "training.save_total_limit=20"
        };
        RunConfig whole = tiny.config("whole", settings);
        List<Double> losses = tiny.run(whole, 2, null).losses();
        Checkpoint fourth = tiny.checkpoints(whole).get(0);
        RunConfig resumed = tiny.config("resumed", settings);
        TinyRun.copy(whole, resumed, fourth);
        List<Double> after = tiny.run(resumed, ranks, fourth.name()).losses().subList(4, 10);
        if (ranks == 2) {
            assertThat(after).isEqualTo(losses.subList(4, 10));
            assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
            RunConfig again = tiny.config("again", settings);
            assertThat(tiny.run(again, 2, null).losses()).isEqualTo(losses);
            assertBitEqual(TinyRun.model(again), TinyRun.model(whole));
        } else {
            assertSameLosses(after, losses.subList(4, 10));
            assertSameModel(TinyRun.model(resumed), TinyRun.model(whole));
        }
    }

    @Test
    void stopsEarlyAndKeepsTheBestAdapter() throws Exception {
        TinyRun tiny = Method.LORA.prepare(folder);
        RunConfig config = tiny.config(
                "best",
                "training.max_steps=60",
                "training.learning_rate=5.0e-2",
                "training.eval_steps=5",
                "training.early_stopping_patience=2");
        TinyRun.Outcome outcome = tiny.run(config, 2, null);
        List<Map<String, Double>> evaluations = outcome.records().stream()
                .map(TrainingRecord::eval)
                .filter(Objects::nonNull)
                .toList();
        evaluations.forEach(metrics ->
                assertThat(metrics.get("perplexity")).isCloseTo(Math.exp(metrics.get("loss")), withinPercentage(0.01)));
        TrainingResult result = outcome.result();
        assertThat(result.eval())
                .isEqualTo(evaluations.stream()
                        .min(Comparator.comparing(metrics -> metrics.get("loss")))
                        .orElseThrow());
        assertThat(result.steps() - result.bestStep()).as("stopped early").isEqualTo(10);

        Map<String, float[]> exported = TinyRun.model(config);
        assertThat(exported.keySet()).allMatch(name -> name.contains(".lora_"));
        CheckpointStore store = FineTuner.store(config, new Configuration(), "reader");
        for (Checkpoint checkpoint : store.committed()) {
            try (LoadedCheckpoint loaded =
                    store.read(checkpoint, Files.createDirectories(folder.resolve("checkpoint")))) {
                boolean equal = loaded.model().names().stream()
                        .allMatch(name -> Arrays.equals(
                                GoldenFiles.floats(loaded.model(), name),
                                exported.get("base_model.model." + name + ".weight")));
                assertThat(equal).as(checkpoint.name()).isEqualTo(checkpoint.step() == result.bestStep());
            }
        }
    }
}
