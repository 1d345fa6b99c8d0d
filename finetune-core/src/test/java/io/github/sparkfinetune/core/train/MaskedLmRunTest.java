package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs of masked language models train the same model with ranks, micro-batches and restarts. */
class MaskedLmRunTest {
    @TempDir
    private Path folder;

    /** Models, methods and settings of the tests; all with dropout. */
    enum Method {
        FULL("bert-mlm", "method.type=full"),
        FULL_BY_WORDS("roberta-mlm", "method.type=full", "masked_lm.whole_word_mask=true"),
        FREEZE("distilbert-mlm", "method.type=freeze", "method.freeze_layers=1"),
        LORA_ON_ALL(
                "bert-mlm",
                MaskedLmRuns.LORA[0],
                MaskedLmRuns.LORA[1],
                "method.lora_dropout=0.2",
                "training.neftune_noise_alpha=5"),
        QLORA("roberta-mlm", "method.type=qlora", "method.bias=all");

        private final String kind;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Method(String kind, String... settings) {
            this.kind = kind;
            this.settings = List.of(settings);
        }

        TinyRun prepare(Path folder) throws Exception {
            Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {
                for (String key : List.of("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout")) {
                    config.put(key, 0.1);
                }
            });
            return MaskedLmRuns.run(folder, base, settings.toArray(String[]::new));
        }
    }

    static Stream<Arguments> methodsAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(Method.values()),
                List.of(Way.TWO_RANKS, Way.THREE_RANKS, Way.ACCUMULATION_OF_SINGLE_SAMPLES, Way.RECOMPUTATION)));
    }

    @ParameterizedTest
    @MethodSource("methodsAndWays")
    void trainsTheSameModelWithRanksMicroBatchesAndRecomputation(Method method, Way way) throws Exception {
        assertSame(method.prepare(folder), way);
    }

    @ParameterizedTest
    @EnumSource(
            value = Method.class,
            names = {"FULL_BY_WORDS", "LORA_ON_ALL"})
    void resumesBitEqualInALaterEpochToo(Method method) throws Exception {
        TinyRun tiny = method.prepare(folder);
        String[] settings = {
            "training.per_device_train_batch_size=6", "training.save_steps=4", "training.save_total_limit=20"
        };
        RunConfig whole = tiny.config("whole", settings);
        List<Double> losses = tiny.run(whole, 2, null).losses();
        for (Checkpoint checkpoint : tiny.checkpoints(whole).subList(0, 2)) {
            RunConfig resumed = tiny.config("resumed-" + checkpoint.step(), settings);
            TinyRun.copy(whole, resumed, checkpoint);
            int done = Math.toIntExact(checkpoint.step());
            // A checkpoint keeps the records since the previous checkpoint.
            assertThat(tiny.run(resumed, 2, checkpoint.name()).losses())
                    .endsWith(losses.subList(done, 10).toArray(Double[]::new));
            assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
        }
    }

    @Test
    void writesAModelThatTransformersLoads() throws Exception {
        TinyRun tiny = Method.FULL.prepare(folder);
        RunConfig config = tiny.config("out");
        tiny.run(config, 2, null);

        assertThat(HfConfig.read(TinyRun.exported(config)).architectures()).containsExactly("BertForMaskedLM");
        Map<String, float[]> before = TinyModel.weights(tiny.base());
        Map<String, float[]> after = TinyRun.model(config);
        assertThat(after.keySet()).isEqualTo(before.keySet());
        after.forEach((name, values) -> assertThat(values).as(name).isNotEqualTo(before.get(name)));
    }

    @Test
    void learnsAndMeasuresTheSameWhenLoadedAgain() throws Exception {
        TinyRun tiny = Method.FULL.prepare(folder);
        RunConfig config = tiny.config(
                "best", "training.max_steps=80", "training.eval_steps=20", "training.metric_for_best_model=accuracy");
        TrainingResult result = tiny.run(config, 2, null).result();
        Map<String, Double> base = MaskedLmRuns.measured(config, tiny, true);

        assertThat(result.eval().get("perplexity"))
                .isCloseTo(Math.exp(result.eval().get("loss")), within(1e-6));
        assertThat(result.eval().get("loss")).isLessThan(0.9 * base.get("loss"));
        assertThat(MaskedLmRuns.measured(config, tiny, false)).containsOnlyKeys("loss", "perplexity", "accuracy");
        MaskedLmRuns.measured(config, tiny, false)
                .forEach((name, value) ->
                        assertThat(value).as(name).isCloseTo(result.eval().get(name), within(1e-4)));
    }

    @Test
    void namesTheClassOfAnAdaptersBaseForPeft() throws Exception {
        TinyRun tiny = Method.QLORA.prepare(folder);
        RunConfig config = tiny.config("out", "training.max_steps=1");
        tiny.run(config, 1, null);

        var settings = GoldenFiles.json(TinyRun.exported(config).resolve(AdapterFile.CONFIG));
        assertThat(settings.path("task_type").isNull()).isTrue();
        assertThat(settings.at("/auto_mapping/base_model_class").asText()).isEqualTo("RobertaForMaskedLM");
        assertThat(settings.at("/auto_mapping/parent_library").asText())
                .isEqualTo("transformers.models.roberta.modeling_roberta");
    }
}
