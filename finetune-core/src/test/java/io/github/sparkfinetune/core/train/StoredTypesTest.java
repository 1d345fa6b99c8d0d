package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.step.Evaluation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every method trains a checkpoint of every type in every precision, and reads the written model again. */
class StoredTypesTest {
    private static final Configuration HADOOP = new Configuration();
    /** Tolerance of the loss that the written model has. */
    private static final double READ = 1e-5;
    /** Tolerance of the loss after weights are rounded to 16 bits, or products are computed from other sums. */
    private static final double ROUNDED = 2e-2;

    @TempDir
    private Path folder;

    enum Method {
        FREEZE("type=freeze"),
        FREEZE_SOME("type=freeze", "freeze_layers=1"),
        FULL("type=full"),
        LORA("type=lora"),
        LORA_DORA("type=lora", "use_dora=true", "target_modules=all-linear"),
        LORA_TABLE("type=lora", "modules_to_save=[TABLE]"),
        LORA_TOKENS("type=lora", "trainable_token_indices=[20, 7, 383]"),
        LORA_PISSA("type=lora", "init_lora_weights=pissa"),
        QLORA("type=qlora"),
        QLORA_TOKENS("type=qlora", "trainable_token_indices=[20, 7]"),
        /**
         * The adapter belongs to the 4-bit weights. The merged model has these weights in all adapted linears, here in
         * every linear.
         */
        QLORA_LOFTQ("type=qlora", "init_lora_weights=loftq", "target_modules=all-linear");

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Method(String... settings) {
            this.settings = List.of(settings);
        }

        boolean isLora() {
            return this != FREEZE && this != FREEZE_SOME && this != FULL;
        }

        /**
         * Returns the tolerance of the written adapter's loss. PiSSA trains over a residual base that is rounded to the
         * stored type or to that of products, but writes the adapter for the whole base.
         */
        double read(TensorType stored, String precision) {
            return this == LORA_PISSA && (stored != TensorType.F32 || precision.equals("bf16")) ? ROUNDED : READ;
        }
    }

    /** A golden model. */
    enum Kind {
        TIED("llama-tied", "causal-lm", "model.embed_tokens.weight"),
        UNTIED("llama-untied", "causal-lm", "model.embed_tokens.weight"),
        GPT2("gpt2", "causal-lm", "transformer.wte.weight"),
        ENCODER("bert-seqcls", "classification", "bert.embeddings.word_embeddings.weight");

        private final String folder;
        private final String task;
        private final String table;

        Kind(String folder, String task, String table) {
            this.folder = folder;
            this.task = task;
            this.table = table;
        }

        private String setting(String setting) {
            String[] names = table.split("\\.", -1);
            return "method." + setting.replace("TABLE", names[names.length - 2]);
        }
    }

    /**
     * Returns all combinations. The first always runs, also without the profile: a frozen table that products read in
     * BF16.
     */
    private static Stream<Arguments> all(Stream<Method> methods) {
        List<Arguments> all = new ArrayList<>();
        List<Method> some = methods.toList();
        for (Kind kind : Kind.values()) {
            for (Method method : some) {
                for (TensorType stored : List.of(TensorType.BF16, TensorType.F16, TensorType.F32)) {
                    for (String precision : List.of("bf16", "fp32")) {
                        all.add(Arguments.of(method, precision, stored, kind));
                    }
                }
            }
        }
        return all.stream();
    }

    static Stream<Arguments> runs() {
        return TestMatrix.of(all(Stream.of(Method.values())));
    }

    private TinyRun run(Method method, String precision, TensorType stored, Kind kind, String... more)
            throws Exception {
        Path golden = TinyModel.copy(folder.resolve("golden"), kind.folder, config -> {});
        Path base = TinyModel.rewrite(golden, folder.resolve("base"), stored, 60_000, (name, values) -> {});
        return new TinyRun(
                folder,
                base,
                kind.task,
                Stream.of(
                                method.settings.stream().map(kind::setting),
                                Stream.of("precision=" + precision, "training.warmup_ratio=0"),
                                Arrays.stream(more))
                        .flatMap(Function.identity())
                        .toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsResumesExportsMergesAndReadsAgain(Method method, String precision, TensorType stored, Kind kind)
            throws Exception {
        TinyRun tiny = run(method, precision, stored, kind, "training.max_steps=3", "training.save_steps=2");
        RunConfig whole = tiny.config("whole");
        TinyRun.Outcome outcome = tiny.run(whole, 1, null);
        assertThat(outcome.losses()).hasSize(3).doesNotHaveDuplicates();

        RunConfig resumed = tiny.config("resumed");
        Checkpoint second = tiny.checkpoints(whole).get(0);
        TinyRun.copy(whole, resumed, second);
        assertThat(tiny.run(resumed, 1, second.name()).losses()).isEqualTo(outcome.losses());
        assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));

        Path exported = TinyRun.exported(whole);
        assertReadAgain(tiny, whole, outcome, method, method.read(stored, precision));
        if (method.isLora()) {
            assertThat(exported.resolve(AdapterFile.CONFIG)).exists();
            assertMerges(tiny, whole, exported, method, stored);
        } else {
            assertIsModel(exported, TensorType.F32, "float32");
            assertFrozen(method, kind, tiny.base(), exported);
        }
    }

    static Stream<Arguments> halves() {
        List<Arguments> all = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (Method method : List.of(Method.FREEZE, Method.FREEZE_SOME, Method.FULL)) {
                for (String precision : List.of("bf16", "fp32")) {
                    all.add(Arguments.of(method, precision, kind));
                }
            }
        }
        return TestMatrix.of(all.stream());
    }

    @ParameterizedTest
    @MethodSource("halves")
    void keepsTheBytesOfFrozenWeightsInABf16Model(Method method, String precision, Kind kind) throws Exception {
        TinyRun tiny = run(method, precision, TensorType.BF16, kind, "training.max_steps=1", "output.dtype=bfloat16");
        RunConfig config = tiny.config("out");
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        Path exported = TinyRun.exported(config);
        assertIsModel(exported, TensorType.BF16, "bfloat16");
        assertFrozen(method, kind, tiny.base(), exported);
        assertReadAgain(tiny, config, outcome, method, ROUNDED);
    }

    static Stream<Arguments> wholes() {
        return TestMatrix.of(all(Stream.of(Method.FREEZE, Method.FREEZE_SOME, Method.FULL, Method.LORA_TABLE)));
    }

    /** Writes the model of an earlier evaluation from its checkpoint. */
    @ParameterizedTest
    @MethodSource("wholes")
    void writesTheBestModelWithItsFrozenWeights(Method method, String precision, TensorType stored, Kind kind)
            throws Exception {
        TinyRun tiny = run(
                method,
                precision,
                stored,
                kind,
                "training.max_steps=4",
                "training.eval_steps=1",
                "training.learning_rate=0.5");
        RunConfig config = tiny.config("out");
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        assertReadAgain(tiny, config, outcome, method, method.read(stored, precision));
    }

    static Stream<Arguments> grown() {
        return TestMatrix.of(all(Stream.of(
                Method.FREEZE, Method.FULL, Method.LORA, Method.LORA_TABLE, Method.LORA_TOKENS, Method.QLORA)));
    }

    @ParameterizedTest
    @MethodSource("grown")
    void writesAndReadsATableWithNewRows(Method method, String precision, TensorType stored, Kind kind)
            throws Exception {
        TinyRun tiny = run(
                method,
                precision,
                stored,
                kind,
                "training.max_steps=2",
                "tokenizer.add_special_tokens=['<|new|>', '<|end|>']");
        RunConfig config = tiny.config("out");
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        Path exported = TinyRun.exported(config);
        int before = HfConfig.read(tiny.base()).vocabSize();
        assertThat(HfConfig.read(exported).vocabSize()).isEqualTo(before + 2);
        assertReadAgain(tiny, config, outcome, method, method.read(stored, precision));
        if (method.isLora()) {
            assertMerges(tiny, config, exported, method, stored);
        }
    }

    /** Asserts that a merged model has the types of its base, and keeps the weights that are not adapted to the bit. */
    private void assertMerges(TinyRun tiny, RunConfig config, Path adapter, Method method, TensorType stored)
            throws Exception {
        Path merged = folder.resolve("merged");
        TinyRun.merge(config, adapter, merged, folder.resolve("cache"));
        int kept = 0;
        boolean hasPooler;
        try (SafetensorsModel base = SafetensorsModel.open(tiny.base());
                SafetensorsModel written = SafetensorsModel.open(merged)) {
            hasPooler = base.names().stream().anyMatch(name -> name.contains("pooler"));
            for (String name : base.names()) {
                assertThat(written.info(name).dtype()).as(name).isEqualTo(stored);
                kept += written.buffer(name).equals(base.buffer(name)) ? 1 : 0;
            }
        }
        assertThat(kept).as("weights that were not trained").isGreaterThan(3);
        RunConfig plain = method == Method.QLORA || method == Method.QLORA_TOKENS
                ? tiny.config("out", "method.type=lora")
                : config;
        Map<String, Double> expected = evaluated(plain, adapter, Optional.of(tiny.base()));
        // A 4-bit pooler has no adapter, so the merged model has the pooler of the base in full precision.
        boolean isExact = stored == TensorType.F32
                && config.precision() == RunConfig.PrecisionChoice.FP32
                && !(method == Method.QLORA_LOFTQ && hasPooler);
        double tolerance = isExact ? 1e-4 : ROUNDED;
        assertSameLoss(evaluated(plain, merged, Optional.empty()), expected, tolerance);
    }

    /** Asserts that an exported model or adapter, loaded again, has the loss that its run measured. */
    private static void assertReadAgain(
            TinyRun tiny, RunConfig config, TinyRun.Outcome outcome, Method method, double tolerance) throws Exception {
        Optional<Path> base = method.isLora() ? Optional.of(tiny.base()) : Optional.empty();
        // A model that only predicts in BF16 has packed weights, whose products are rounded once instead of twice.
        boolean packs = config.precision() == RunConfig.PrecisionChoice.BF16;
        assertSameLoss(
                evaluated(config, TinyRun.exported(config), base),
                outcome.result().eval(),
                packs ? ROUNDED : tolerance);
    }

    private static void assertIsModel(Path exported, TensorType type, String dtype) {
        try (SafetensorsModel written = SafetensorsModel.open(exported)) {
            assertThat(written.names()).allMatch(name -> written.info(name).dtype() == type);
        }
        assertThat(HfConfig.read(exported).text("dtype")).contains(dtype);
    }

    /** Asserts that frozen weights have the values of the base, to the bit. */
    private static void assertFrozen(Method method, Kind kind, Path base, Path exported) {
        Map<String, float[]> before = TinyModel.weights(base);
        Map<String, float[]> after = TinyModel.weights(exported);
        boolean frozen = method != Method.FULL;
        assertThat(Arrays.equals(after.get(kind.table), before.get(kind.table)))
                .as(kind.table)
                .isEqualTo(frozen);
        before.forEach((name, values) -> {
            boolean inLayers = name.matches(".*(layers?|h)\\.\\d+\\..*");
            boolean first = name.matches(".*(layers?|h)\\.0\\..*");
            if (inLayers && frozen && (first || method == Method.FREEZE)) {
                assertThat(after.get(name)).as(name).isEqualTo(values);
            }
        });
    }

    private static void assertSameLoss(Map<String, Double> actual, Map<String, Double> expected, double tolerance) {
        assertThat(actual.get("loss")).isCloseTo(expected.get("loss"), within(tolerance));
    }

    /** Returns the metrics of the evaluation split for a model in a folder. */
    private static Map<String, Double> evaluated(RunConfig config, Path model, Optional<Path> base) throws Exception {
        Torch.start(1);
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, HADOOP);
        try (NDManager manager = Torch.manager(-1);
                ParquetSamples eval = ParquetSamples.open(dataset, manifest, Manifest.EVAL, HADOOP)) {
            LoadedModel loaded = LoadedModel.trained(config, manager, model, base, 1);
            return new Evaluation(eval, config.training().perDeviceEvalBatchSize())
                    .run(loaded.task().scorer(), new SingleRank(), () -> {}, () -> {});
        }
    }
}
