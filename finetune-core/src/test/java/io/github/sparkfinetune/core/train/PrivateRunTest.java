package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
class PrivateRunTest {
    private static final String KEY = "privacy.key";
    private static final String NO_NOISE = "training.privacy.noise_multiplier=1.0e-12";
    private static final String NO_CLIPPING = "training.privacy.max_grad_norm=1.0e6";
    private static final String ALL_SAMPLES = "training.per_device_train_batch_size=1000";

    @TempDir
    Path folder;

    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = new TinyRun(folder, "bert-seqcls", 0);
    }

    private RunConfig config(String output, String... more) throws IOException {
        String[] all = Stream.concat(Stream.of("method.type=lora", "method.target_modules=all-linear"), Stream.of(more))
                .toArray(String[]::new);
        return tiny.config(output, all);
    }

    private static Path key(RunConfig config) {
        return Path.of(URI.create(config.output().dir())).resolve(KEY);
    }

    /** Gives runs the same secret, so that they have the same noise. */
    private static RunConfig withKey(RunConfig config) throws IOException {
        Files.createDirectories(key(config).getParent());
        Files.write(key(config), new byte[32]);
        return config;
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "freeze"})
    void trainsAsUsualIfNothingIsClippedAndThereIsNoNoise(String method) throws Exception {
        String type = "method.type=" + method;
        RunConfig plain = tiny.config("plain", type, ALL_SAMPLES, "training.max_grad_norm=0");
        RunConfig privately = tiny.config("private", type, ALL_SAMPLES, NO_NOISE, NO_CLIPPING);

        List<Double> losses = tiny.run(plain, 1, null).losses();

        List<Double> privateLosses = tiny.run(privately, 2, null).losses();
        assertThat(privateLosses).hasSameSizeAs(losses);
        for (int i = 0; i < losses.size(); i++) {
            assertThat(privateLosses.get(i)).isCloseTo(losses.get(i), within(2e-5));
        }
    }

    @Test
    void resumesBitEqualOnceMoreWithTheSameSamplesAndNoise() throws Exception {
        String[] settings = {
            "training.privacy.target_epsilon=8", "training.save_steps=1", "training.save_total_limit=20"
        };
        RunConfig whole = withKey(config("whole", settings));
        List<Double> losses = tiny.run(whole, 2, null).losses();
        Checkpoint fifth = tiny.checkpoints(whole).get(4);
        RunConfig resumed = withKey(config("resumed", settings));
        TinyRun.copy(whole, resumed, fifth);

        assertThat(tiny.run(resumed, 2, fifth.name()).losses()).isEqualTo(losses.subList(4, 10));

        assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
        assertThat(key(whole)).doesNotExist();
        assertThat(key(resumed)).doesNotExist();

        RunConfig lost = config("lost", settings);
        TinyRun.copy(whole, lost, fifth);
        assertThatThrownBy(() -> tiny.run(lost, 1, fifth.name()))
                .rootCause()
                .hasMessageContaining(
                        "privacy.key is missing: without it the noise of repeated steps would be drawn twice");
    }

    @Test
    void takesTheSameSamplesAndNoiseOnAnyNumberOfRanks() throws Exception {
        String noise = "training.privacy.noise_multiplier=0.5";
        RunConfig one = withKey(config("one", noise, "training.per_device_train_batch_size=12"));
        RunConfig three = withKey(config("three", noise, "training.per_device_train_batch_size=4"));

        RunAssertions.assertSameLosses(
                tiny.run(three, 3, null).losses(), tiny.run(one, 1, null).losses());
    }

    static Stream<Arguments> joinedSamples() {
        String all = "method.target_modules=all-linear";
        String dropout = "method.lora_dropout=0.1";
        String bf16 = "precision=bf16";
        return TestMatrix.first(
                3,
                Arguments.of(List.of("phi3", "sft", "method.type=qlora", dropout, bf16)),
                Arguments.of(List.of("bert-seqcls", "classification", "method.type=lora", all, dropout)),
                Arguments.of(
                        List.of("llama-tied", "sft", "method.type=lora", all, "training.gradient_checkpointing=true")),
                Arguments.of(List.of("bert-seqcls", "classification", "method.type=lora", all, bf16)),
                Arguments.of(List.of("gpt2", "causal-lm", "method.type=lora", all)));
    }

    @ParameterizedTest
    @MethodSource("joinedSamples")
    void computesForSamplesThatPassLayersTogetherWhatItComputesForEachAlone(List<String> run) throws Exception {
        Path base = TinyModel.copy(folder.resolve("other"), run.get(0), config -> {});
        String[] settings = Stream.concat(
                        Stream.of(
                                "training.privacy.noise_multiplier=0.1",
                                "training.privacy.max_grad_norm=0.5",
                                "training.learning_rate=5.0e-3"),
                        run.stream().skip(2))
                .toArray(String[]::new);
        TinyRun joined = new TinyRun(Files.createDirectory(folder.resolve("joined")), base, run.get(1), settings);
        RunConfig together = withKey(joined.config("together"));
        RunConfig alone = withKey(joined.config(
                "alone", "training.per_device_train_batch_size=1", "training.gradient_accumulation_steps=12"));

        List<Double> losses = joined.run(together, 1, null).losses();

        List<Double> expected = joined.run(alone, 1, null).losses();
        double tolerance = run.contains("precision=bf16") ? 5e-3 : 1e-5;
        assertThat(losses).hasSize(10).hasSameSizeAs(expected);
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("loss %d", i).isCloseTo(expected.get(i), within(tolerance));
        }
    }

    @Test
    void drawsAnotherSecretInEachRun() throws Exception {
        String epsilon = "training.privacy.target_epsilon=8";
        RunConfig first = config("first", epsilon);
        RunConfig second = config("second", epsilon);
        assertThat(tiny.run(first, 1, null).losses())
                .isNotEqualTo(tiny.run(second, 1, null).losses());
    }

    @Test
    void reportsWhatItSpent() throws Exception {
        RunConfig config = config("out", "training.privacy.target_epsilon=3", "training.privacy.delta=1.0e-4");

        PrivacySpent spent = tiny.run(config, 1, null).result().privacy();

        assertThat(spent.epsilon()).isBetween(2.98, 3.0);
        assertThat(spent.delta()).isEqualTo(1e-4);
        assertThat(spent.maxGradNorm()).isEqualTo(1);
    }

    @Test
    void addsNoiseOfTheDeviationThatItReportsToEveryTrainedValue() throws Exception {
        double multiplier = 1e5;
        double clip = 0.1;
        RunConfig config = config(
                "noise",
                "training.privacy.noise_multiplier=" + multiplier,
                "training.privacy.max_grad_norm=" + clip,
                "training.per_device_train_batch_size=12");

        TinyRun.Outcome outcome = tiny.run(config, 2, null);

        Map<String, float[]> adapter = TinyRun.model(config);
        long trained =
                adapter.values().stream().mapToLong(values -> values.length).sum();
        // The samples' part of the sum is at most 24 * clip.
        double expected = multiplier * clip * Math.sqrt((double) trained) / 24;
        assertThat(outcome.records().stream()
                        .filter(record -> record.training().gradNorm() != null)
                        .mapToDouble(record -> record.training().gradNorm())
                        .average()
                        .orElseThrow())
                .isCloseTo(expected, within(0.03 * expected));
    }
}
