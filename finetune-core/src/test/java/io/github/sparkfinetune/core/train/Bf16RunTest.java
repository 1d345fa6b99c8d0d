package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.testing.TestMatrix;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs with products in BF16. They repeat and resume bit-equal, with losses close to those in F32. */
class Bf16RunTest {
    private static final double PERCENT_OF_LOSS = 1;

    @TempDir
    private Path folder;

    enum Method {
        FULL("llama-tied", "method.type=full"),
        FULL_RECORDED("gpt2", "method.type=full"),
        LORA("llama-tied", "method.type=lora", "method.target_modules=all-linear"),
        DORA("llama-untied", "method.type=lora", "method.use_dora=true", "method.lora_dropout=0.1"),
        QLORA("qwen2", "method.type=qlora"),
        QLORA_RECORDED("gpt2", "method.type=qlora");

        private final String kind;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Method(String kind, String... settings) {
            this.kind = kind;
            this.settings = List.of(settings);
        }

        TinyRun prepare(Path folder) throws Exception {
            Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
            Path half = TinyModel.rewrite(base, folder.resolve("half"), TensorType.BF16, 60_000, (name, values) -> {});
            return new TinyRun(folder, half, "causal-lm", settings.toArray(String[]::new));
        }
    }

    static Stream<Arguments> methods() {
        return TestMatrix.of(Stream.of(Method.values()).map(Arguments::of));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void repeatsAndResumesBitEqualWithLossesCloseToF32(Method method) throws Exception {
        TinyRun tiny = method.prepare(folder);
        String[] settings = {
            "precision=bf16",
            "training.per_device_train_batch_size=6",
            "training.save_steps=4",
            "training.save_total_limit=20"
        };
        RunConfig whole = tiny.config("whole", settings);
        TinyRun.Outcome outcome = tiny.run(whole, 2, null);
        assertThat(outcome.result().precision().choice()).isEqualTo(PrecisionChoice.BF16);
        assertThat(outcome.records().get(0).precision())
                .isEqualTo(outcome.result().precision());
        List<Double> losses = outcome.losses();
        RunConfig again = tiny.config("again", settings);
        assertThat(tiny.run(again, 2, null).losses()).isEqualTo(losses);
        assertBitEqual(TinyRun.model(again), TinyRun.model(whole));

        Checkpoint fourth = tiny.checkpoints(whole).get(0);
        RunConfig resumed = tiny.config("resumed", settings);
        TinyRun.copy(whole, resumed, fourth);
        assertThat(tiny.run(resumed, 2, fourth.name()).losses().subList(4, 10)).isEqualTo(losses.subList(4, 10));
        assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));

        settings[0] = "precision=fp32";
        assertNear(losses, tiny.run(tiny.config("wide", settings), 2, null).losses());
        settings[0] = "precision=bf16";
        settings[1] = "training.per_device_train_batch_size=4";
        assertNear(tiny.run(tiny.config("three", settings), 3, null).losses(), losses);
    }

    private static void assertNear(List<Double> losses, List<Double> expected) {
        assertThat(losses).hasSameSizeAs(expected);
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i))
                    .as("step %d", i + 1)
                    .isCloseTo(expected.get(i), withinPercentage(PERCENT_OF_LOSS));
        }
    }

    @Test
    void resumesWithThePrecisionThatAutoChose() throws Exception {
        TinyRun tiny = Method.LORA.prepare(folder);
        String save = "training.save_steps=4";
        RunConfig began = tiny.config("began", "precision=bf16", save);
        TinyRun.Outcome outcome = tiny.run(began, 1, null);
        RunConfig resumed = tiny.config("resumed", "precision=auto", save);
        Checkpoint fourth = tiny.checkpoints(began).get(0);
        TinyRun.copy(began, resumed, fourth);
        TinyRun.Outcome after = tiny.run(resumed, 1, fourth.name());
        assertThat(after.result().precision()).isEqualTo(outcome.result().precision());
        assertThat(after.losses()).isEqualTo(outcome.losses());
    }

    @Test
    void writesAModelInBf16WhenConfigured() throws Exception {
        TinyRun tiny = Method.FULL.prepare(folder);
        RunConfig wide = tiny.config("wide");
        RunConfig half = tiny.config("narrow", "output.dtype=bfloat16");
        tiny.run(wide, 1, null);
        tiny.run(half, 1, null);
        Map<String, float[]> rounded = TinyRun.model(wide);
        rounded.values().forEach(values -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = HalfFloat.fromBf16(HalfFloat.toBf16(values[i]));
            }
        });
        assertBitEqual(TinyRun.model(half), rounded);
        Path model = Path.of(URI.create(half.output().model()));
        assertThat(HfConfig.read(model).text("dtype")).contains("bfloat16");
        try (SafetensorsModel written = SafetensorsModel.open(model)) {
            assertThat(written.names()).allMatch(name -> written.info(name).dtype() == TensorType.BF16);
        }
    }
}
