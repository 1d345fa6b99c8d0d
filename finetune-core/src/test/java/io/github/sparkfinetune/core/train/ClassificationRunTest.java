package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameModel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Multi-label classification, regression and label weights: every method trains every family, split and resumed. */
class ClassificationRunTest {
    private static final String MULTI = "classification.problem_type=multi_label_classification";
    private static final String REGRESSION = "classification.problem_type=regression";
    private static final String WEIGHTS = "classification.class_weight={a: 3, c: 0.25}";

    private static final List<String> DROPOUT = List.of(
            "hidden_dropout_prob",
            "attention_probs_dropout_prob",
            "attention_dropout",
            "embedding_dropout",
            "pooler_dropout",
            "resid_pdrop",
            "attn_pdrop");
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path folder;

    private TinyRun tiny(String kind, String... settings) throws Exception {
        return tiny(kind, config -> {}, settings);
    }

    private TinyRun tiny(String kind, Consumer<ObjectNode> edit, String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, edit);
        return new TinyRun(folder, base, "classification", settings);
    }

    /** Ways to compute or resume ten steps of one rank. */
    enum Variant {
        TWO_RANKS,
        THREE_RANKS,
        ACCUMULATION,
        RESUMED
    }

    static Stream<Arguments> settingsAndVariants() {
        return TestMatrix.of(Stream.concat(
                TestMatrix.product(
                        List.of("bert-seqcls"),
                        List.of(MULTI, REGRESSION, WEIGHTS, MULTI + "; " + WEIGHTS),
                        List.of(Variant.values())),
                TestMatrix.product(
                        List.of(
                                "mpnet-seqcls",
                                "deberta-v3-seqcls",
                                "modernbert-seqcls",
                                "llama-seqcls",
                                "gpt2-seqcls"),
                        List.of(MULTI),
                        List.of(Variant.values()))));
    }

    @ParameterizedTest
    @MethodSource("settingsAndVariants")
    void trainsTheSameModelWithRanksMicroBatchesAndResumes(String kind, String settings, Variant variant)
            throws Exception {
        TinyRun tiny = tiny(
                kind,
                config -> DROPOUT.stream()
                        .filter(key -> config.has(key) && !kind.startsWith("llama"))
                        .forEach(key -> config.put(key, 0.1)),
                settings.split("; "));
        String save = "training.save_steps=4";
        RunConfig one = tiny.config("one", save);
        TinyRun.Outcome reference = tiny.run(one, 1, null);
        assertThat(reference.losses()).hasSize(10).doesNotHaveDuplicates();
        switch (variant) {
            case TWO_RANKS -> assertSame(tiny, reference, one, 2, save, "training.per_device_train_batch_size=6");
            case THREE_RANKS -> assertSame(tiny, reference, one, 3, "training.per_device_train_batch_size=4");
            case ACCUMULATION ->
                assertSame(
                        tiny,
                        reference,
                        one,
                        1,
                        "training.per_device_train_batch_size=3",
                        "training.gradient_accumulation_steps=4");
            case RESUMED -> {
                RunConfig resumed = tiny.config("resumed", save);
                Checkpoint fourth = tiny.checkpoints(one).get(0);
                TinyRun.copy(one, resumed, fourth);
                tiny.run(resumed, 1, fourth.name());
                assertBitEqual(TinyRun.model(resumed), TinyRun.model(one));
            }
        }
    }

    private static void assertSame(
            TinyRun tiny, TinyRun.Outcome reference, RunConfig one, int ranks, String... settings) throws Exception {
        RunConfig other = tiny.config("other", settings);
        TinyRun.Outcome outcome = tiny.run(other, ranks, null);
        assertSameLosses(outcome.losses(), reference.losses());
        assertSameModel(TinyRun.model(other), TinyRun.model(one));
        Map<String, Double> expected = reference.result().eval();
        assertThat(outcome.result().eval()).containsOnlyKeys(expected.keySet());
        expected.forEach((name, value) ->
                assertThat(outcome.result().eval().get(name)).as(name).isCloseTo(value, within(1e-4)));
    }

    static Stream<Arguments> methods() {
        return TestMatrix.of(TestMatrix.product(
                List.of(MULTI, REGRESSION),
                // The checkpoints of DistilBERT and of language models have no head for texts; it is new.
                List.of(
                        "bert-seqcls",
                        "roberta-seqcls",
                        "camembert-seqcls",
                        "xlm-roberta-seqcls",
                        "distilbert-tokencls",
                        "electra-seqcls",
                        "mpnet-seqcls",
                        "deberta-v3-seqcls",
                        "modernbert-seqcls",
                        "llama-tied",
                        "llama-untied",
                        "mistral",
                        "qwen2",
                        "qwen3",
                        "gemma2",
                        "gemma3",
                        "phi3",
                        "smollm3",
                        "gpt2"),
                List.of("full", "freeze", "lora", "qlora")));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void trainsEveryFamilyByEveryMethod(String problem, String kind, String method) throws Exception {
        TinyRun tiny = tiny(kind, problem, "method.type=" + method);
        RunConfig config = tiny.config("out", "training.max_steps=40", "training.learning_rate=1.0e-2");
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        assertThat(mean(outcome.losses().subList(34, 40)))
                .isLessThan(mean(outcome.losses().subList(0, 6)));
        // The saved model, loaded again, has the metrics of the evaluation while training.
        Map<String, Double> predicted = predicted(tiny, config);
        assertThat(predicted).containsOnlyKeys(outcome.result().eval().keySet());
        predicted.forEach((name, value) ->
                assertThat(value).as(name).isCloseTo(outcome.result().eval().get(name), within(1e-4)));
    }

    private static double mean(List<Double> losses) {
        return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static Map<String, Double> predicted(TinyRun tiny, RunConfig config) throws Exception {
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, HADOOP);
        TaskSpec spec = TaskSpecs.of(config);
        try (ParquetSamples eval = ParquetSamples.open(dataset, manifest, Manifest.EVAL, HADOOP);
                Predictor predictor = Predictor.trained(config, HADOOP, tiny.base(), -1, 1)) {
            return TestRows.measured(
                            spec.measuredRows(manifest.labels()), predictor.evaluate(eval, manifest.labels(), 0, 1))
                    .values();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert-multilabel", "bert-regression"})
    void savesTheConfigurationAsTransformersDoes(String kind) throws Exception {
        JsonNode before = GoldenFiles.json(GoldenFiles.root().resolve("models/" + kind + "/config.json"));
        TinyRun tiny = tiny(
                kind,
                "classification.problem_type=" + before.get("problem_type").textValue());
        RunConfig config = tiny.config("out", "training.max_steps=1");
        tiny.run(config, 1, null);
        JsonNode saved = GoldenFiles.json(TinyRun.exported(config).resolve("config.json"));
        List<String> labels = kind.equals("bert-regression") ? List.of("LABEL_0") : List.of("a", "b", "c");
        assertThat(saved.path("id2label")).hasSize(labels.size());
        for (int id = 0; id < labels.size(); id++) {
            assertThat(saved.path("id2label").path(String.valueOf(id)).textValue())
                    .isEqualTo(labels.get(id));
            assertThat(saved.path("label2id").path(labels.get(id)).intValue()).isEqualTo(id);
        }
        before.fieldNames().forEachRemaining(key -> {
            if (!key.endsWith("2label") && !key.startsWith("label2")) {
                assertThat(saved.get(key)).as(key).isEqualTo(before.get(key));
            }
        });
        assertThat(saved).hasSize(before.size() + 1);
        assertThat(saved.path("compute_dtype").textValue()).isEqualTo("float32");
    }
}
