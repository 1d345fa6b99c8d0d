package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
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
    private static final List<String> DROPOUT =
            List.of("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout");
    private static final String[] PUBLIC = {
        "data.held_out.general=general.jsonl", "training.privacy.public_sample=general"
    };
    private static final String ALL_SAMPLES = "training.per_device_train_batch_size=1000";

    @TempDir
    Path folder;

    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = new TinyRun(folder, "bert-seqcls", 0);
    }

    private RunConfig config(String output, String... more) throws IOException {
        return configOf("lora", output, more);
    }

    private RunConfig configOf(String method, String output, String... more) throws IOException {
        Stream<String> type = method.equals("lora")
                ? Stream.of("method.type=lora", "method.target_modules=all-linear")
                : Stream.of("method.type=" + method);
        return tiny.config(output, Stream.concat(type, Stream.of(more)).toArray(String[]::new));
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
    @ValueSource(strings = {"lora", "freeze", "full"})
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
    void trainsModelsWithNewTokensAsUsualIfNothingIsClippedAndThereIsNoNoise() throws Exception {
        Path fresh = Files.createDirectory(folder.resolve("tokens"));
        Path base = TinyModel.copy(
                fresh.resolve("base"), "bert-seqcls", config -> DROPOUT.forEach(rate -> config.put(rate, 0)));
        TinyRun grown = new TinyRun(
                fresh,
                base,
                "classification",
                "tokenizer.add_special_tokens=['<|new|>', '<|end|>']",
                "method.type=full",
                ALL_SAMPLES);

        List<Double> losses = grown.run(grown.config("plain", "training.max_grad_norm=0"), 1, null)
                .losses();
        RunConfig privately = grown.config("private", NO_NOISE, NO_CLIPPING);
        List<Double> privateLosses = grown.run(privately, 2, null).losses();

        assertThat(privateLosses).hasSameSizeAs(losses);
        for (int i = 0; i < losses.size(); i++) {
            assertThat(privateLosses.get(i)).isCloseTo(losses.get(i), within(2e-5));
        }
        // Even the little noise reaches the rows of tokens that no text has.
        float[] table = TinyRun.model(privately).get("bert.embeddings.word_embeddings.weight");
        int width = TinyModel.weights(base).get("bert.embeddings.LayerNorm.weight").length;
        int rows = table.length / width;
        assertThat(table[(rows - 1) * width]).isNotEqualTo(table[(rows - 2) * width]);
    }

    /** Adds a set of {@code data.held_out} with the evaluation rows to the dataset. */
    private void holdOut(Warning... warnings) throws IOException {
        org.apache.hadoop.fs.Path dataset =
                new org.apache.hadoop.fs.Path(folder.resolve("dataset").toUri());
        Configuration hadoop = new Configuration();
        Manifest plain = Manifest.read(dataset, hadoop);
        Map<String, DatasetSplit> splits = new LinkedHashMap<>(plain.splits());
        splits.put("general", plain.split(Manifest.EVAL));
        plain.withSplits(splits).withWarnings(List.of(warnings)).write(dataset, hadoop);
    }

    static Stream<Arguments> methods() {
        return TestMatrix.first(1, Arguments.of("full"), Arguments.of("lora"), Arguments.of("freeze"));
    }

    static Stream<Arguments> methodsAndShares() {
        return TestMatrix.first(
                2, Arguments.of("lora", "none"), Arguments.of("full", "optimizer"), Arguments.of("full", "none"));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void clipsToTheMedianNormOfAPublicSample(String method) throws Exception {
        holdOut();
        String[] settings = {"training.privacy.noise_multiplier=0.5", "training.save_steps=5"};
        RunConfig measured = withKey(configOf(method, "measured", with(settings, PUBLIC)));
        TinyRun.Outcome outcome = tiny.run(measured, 1, null);
        PrivacySpent spent = outcome.result().privacy();
        assertThat(spent.publicSample()).isEqualTo("general");
        assertThat(spent.maxGradNorm()).isBetween(0.01, 100.0);
        assertThat(Files.readString(TinyRun.exported(measured).resolve("README.md")))
                .contains("max_grad_norm=" + spent.maxGradNorm(), "epsilon=" + spent.epsilon());

        RunConfig set = withKey(
                configOf(method, "set", with(settings, "training.privacy.max_grad_norm=" + spent.maxGradNorm())));
        assertThat(tiny.run(set, 1, null).losses()).isEqualTo(outcome.losses());

        RunConfig three = withKey(
                configOf(method, "three", with(with(settings, PUBLIC), "training.per_device_train_batch_size=4")));
        TinyRun.Outcome ofThree = tiny.run(three, 3, null);
        assertThat(ofThree.result().privacy().maxGradNorm())
                .isCloseTo(spent.maxGradNorm(), within(1e-5 * spent.maxGradNorm()));
        RunAssertions.assertSameLosses(ofThree.losses(), outcome.losses());
    }

    @Test
    void resumesWithTheNormThatItHasMeasured() throws Exception {
        holdOut();
        String[] settings = with(new String[] {"training.privacy.noise_multiplier=0.5"}, PUBLIC);
        RunConfig whole = withKey(config("whole", with(settings, "training.save_steps=5")));
        TinyRun.Outcome outcome = tiny.run(whole, 1, null);
        Checkpoint fifth = tiny.checkpoints(whole).get(0);
        RunConfig resumed = withKey(config("resumed", settings));
        TinyRun.copy(whole, resumed, fifth);
        assertThatThrownBy(() -> tiny.run(resumed, 2, fifth.name()))
                .rootCause()
                .hasMessageContaining(
                        "privacy.norm is missing: it has the norm to which gradients were clipped so far");

        // The weights of the fifth step have another norm. The first five losses are read from the checkpoint.
        Files.writeString(
                key(resumed).resolveSibling("privacy.norm"),
                outcome.result().privacy().maxGradNorm().toString());
        assertThat(tiny.run(resumed, 1, fifth.name()).losses()).isEqualTo(outcome.losses());
        assertThat(key(resumed).resolveSibling("privacy.norm")).doesNotExist();
    }

    @Test
    void refusesAPublicSampleThatSharesRowsOrIsMissing() throws Exception {
        RunConfig config = config("out", "training.privacy.target_epsilon=8", PUBLIC[0], PUBLIC[1]);
        assertThatThrownBy(() -> tiny.run(config, 1, null))
                .rootCause()
                .hasMessageStartingWith("training.privacy.public_sample: the dataset in ")
                .hasMessageEndingWith(" has no samples of general: name another set of data.held_out");

        holdOut(new Warning("train_general_duplicates", "1 of the general rows is in the training text too"));
        assertThatThrownBy(() -> tiny.run(config, 1, null))
                .rootCause()
                .hasMessage("training.privacy.public_sample: rows of general are in data.train too, so they are not"
                        + " public: take them out of one of the two, and prepare again");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void resumesBitEqualOnceMoreWithTheSameSamplesAndNoise(String method) throws Exception {
        String[] settings = {
            "training.privacy.target_epsilon=8", "training.save_steps=1", "training.save_total_limit=20"
        };
        RunConfig whole = withKey(configOf(method, "whole", settings));
        List<Double> losses = tiny.run(whole, 2, null).losses();
        Checkpoint fifth = tiny.checkpoints(whole).get(4);
        RunConfig resumed = withKey(configOf(method, "resumed", settings));
        TinyRun.copy(whole, resumed, fifth);

        assertThat(tiny.run(resumed, 2, fifth.name()).losses()).isEqualTo(losses.subList(4, 10));

        assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
        assertThat(key(whole)).doesNotExist();
        assertThat(key(resumed)).doesNotExist();

        RunConfig lost = configOf(method, "lost", settings);
        TinyRun.copy(whole, lost, fifth);
        assertThatThrownBy(() -> tiny.run(lost, 1, fifth.name()))
                .rootCause()
                .hasMessageContaining(
                        "privacy.key is missing: without it the noise of repeated steps would be drawn twice");
    }

    @ParameterizedTest
    @MethodSource("methodsAndShares")
    void takesTheSameSamplesAndNoiseOnAnyNumberOfRanks(String method, String shard) throws Exception {
        String[] settings = {"training.privacy.noise_multiplier=0.5", "cluster.shard=" + shard};
        RunConfig one = withKey(configOf(method, "one", with(settings, "training.per_device_train_batch_size=12")));
        RunConfig three = withKey(configOf(method, "three", with(settings, "training.per_device_train_batch_size=4")));

        RunAssertions.assertSameLosses(
                tiny.run(three, 3, null).losses(), tiny.run(one, 1, null).losses());
    }

    private static String[] with(String[] settings, String... more) {
        return Stream.concat(Stream.of(settings), Stream.of(more)).toArray(String[]::new);
    }

    /** Without noise and clipping, on a step of all samples, a run is the usual run but for the sum of the weights. */
    @ParameterizedTest
    @ValueSource(strings = {"lora", "full"})
    void weighsASampleByItsLabel(String method) throws Exception {
        String weights = "classification.class_weight={a: 3, b: 0.5}";
        String[] all = {ALL_SAMPLES, NO_NOISE, NO_CLIPPING, "training.max_steps=3", "training.warmup_ratio=0"};
        List<Double> weighted = tiny.run(configOf(method, "weighted", with(all, weights)), 1, null)
                .losses();
        List<Double> plain = tiny.run(configOf(method, "plain", all), 1, null).losses();
        RunConfig usual =
                configOf(method, "usual", ALL_SAMPLES, weights, "training.max_steps=1", "training.max_grad_norm=0");
        double mean = tiny.run(usual, 1, null).losses().get(0);

        assertThat(weighted).allMatch(Double::isFinite);
        assertThat(weighted.get(2)).isNotCloseTo(plain.get(2), within(1e-3));
        // The three labels have as many samples, so their weights have the mean 4.5 / 3.
        assertThat(weighted.get(0)).isCloseTo(mean * 4.5 / 3, within(1e-4));
    }

    static Stream<Arguments> joinedSamples() {
        String all = "method.target_modules=all-linear";
        String dropout = "method.lora_dropout=0.1";
        String bf16 = "precision=bf16";
        String weights = "classification.class_weight={a: 3, b: 0.5}";
        return TestMatrix.first(
                4,
                Arguments.of(List.of("bert-seqcls", "classification", "method.type=full", weights)),
                Arguments.of(List.of(
                        "bert-seqcls",
                        "classification",
                        "method.type=lora",
                        all,
                        dropout,
                        "method.use_dora=true",
                        "method.bias=all")),
                Arguments.of(List.of("roberta-mlm", "masked-lm", "method.type=full")),
                Arguments.of(List.of("phi3", "sft", "method.type=qlora", dropout, bf16)),
                Arguments.of(List.of("bert-seqcls", "classification", "method.type=lora", all, dropout)),
                Arguments.of(
                        List.of("llama-tied", "sft", "method.type=lora", all, "training.gradient_checkpointing=true")),
                Arguments.of(List.of("bert-seqcls", "classification", "method.type=lora", all, bf16)),
                Arguments.of(List.of("gpt2", "causal-lm", "method.type=lora", all)),
                Arguments.of(List.of(
                        "modernbert-tokencls",
                        "token-classification",
                        "method.type=full",
                        "training.gradient_checkpointing=true")),
                Arguments.of(List.of("modernbert-seqcls", "classification", "method.type=lora", all, dropout)),
                Arguments.of(List.of("bert-qa", "question-answering", "method.type=freeze", "method.freeze_layers=1")),
                Arguments.of(List.of("bert-seqcls", "classification", "method.type=full", bf16)));
    }

    @ParameterizedTest
    @MethodSource("joinedSamples")
    void computesForSamplesThatPassLayersTogetherWhatItComputesForEachAlone(List<String> run) throws Exception {
        Path base = TinyModel.copy(
                folder.resolve("other"),
                run.get(0),
                config -> DROPOUT.stream().filter(config::has).forEach(rate -> config.put(rate, 0.1)));
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
        assertThat(spent.publicSample()).isNull();
        assertThat(Files.readString(TinyRun.exported(config).resolve("README.md")))
                .contains("epsilon=" + spent.epsilon())
                .doesNotContain("| rows | count |");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "full"})
    void addsNoiseOfTheDeviationThatItReportsToEveryTrainedValue(String method) throws Exception {
        double multiplier = 1e5;
        double clip = 0.1;
        RunConfig config = configOf(
                method,
                "noise",
                "training.privacy.noise_multiplier=" + multiplier,
                "training.privacy.max_grad_norm=" + clip,
                "training.per_device_train_batch_size=12");

        TinyRun.Outcome outcome = tiny.run(config, 2, null);

        Map<String, float[]> model = TinyRun.model(config);
        long trained =
                model.values().stream().mapToLong(values -> values.length).sum();
        // The samples' part of the sum is at most 24 * clip.
        double expected = multiplier * clip * Math.sqrt((double) trained) / 24;
        assertThat(outcome.records().stream()
                        .filter(record -> record.gradNorm() != null)
                        .mapToDouble(record -> record.gradNorm())
                        .average()
                        .orElseThrow())
                .isCloseTo(expected, within(0.03 * expected));
    }
}
