package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameMetrics;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A token classifier is trained fully, with frozen layers and by adapters, with the model's dropout. */
class TokenClassificationRunTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = run("bert-tokencls");
    }

    private TinyRun run(String kind) throws Exception {
        Path base = TinyModel.copy(folder.resolve(kind).resolve("base"), kind, config -> {
            for (String key : List.of("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout")) {
                if (config.has(key)) {
                    config.put(key, 0.1);
                }
            }
        });
        return new TinyRun(folder.resolve(kind), base, "token-classification");
    }

    @ParameterizedTest
    @EnumSource(names = {"ACCUMULATION", "TWO_RANKS", "THREE_RANKS"})
    void trainsTheSameModelWithRanksAndMicroBatches(Way way) throws Exception {
        List<TinyRun.Outcome> outcomes = assertSame(tiny, way);
        // All windows of a row are evaluated on one rank.
        assertSameMetrics(
                outcomes.get(0).result().eval(), outcomes.get(1).result().eval(), 1e-5);
    }

    static Stream<Arguments> familiesAndMethods() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "bert-tokencls",
                        "distilbert-tokencls",
                        "camembert-tokencls",
                        "xlm-roberta-tokencls",
                        "electra-tokencls",
                        "mpnet-tokencls",
                        "deberta-v3-tokencls",
                        "modernbert-tokencls",
                        "roberta-seqcls",
                        "llama-untied",
                        "qwen2",
                        "gpt2"),
                List.of("full", "freeze", "lora", "qlora")));
    }

    @ParameterizedTest
    @MethodSource("familiesAndMethods")
    void trainsEveryFamilyByEveryMethod(String kind, String method) throws Exception {
        TinyRun family = kind.equals("bert-tokencls") ? tiny : run(kind);
        RunConfig config = family.config(
                method,
                "method.type=" + method,
                "training.max_steps=30",
                "training.learning_rate=" + (method.equals("full") ? "5.0e-3" : "2.0e-2"),
                "training.metric_for_best_model=f1");
        TinyRun.Outcome outcome = family.run(config, 1, null);
        assertThat(mean(outcome.losses().subList(20, 30)))
                .isLessThan(mean(outcome.losses().subList(0, 10)));
        assertThat(outcome.result().eval())
                .containsKeys("loss", "accuracy", "precision", "recall", "f1", "f1_strict")
                .hasEntrySatisfying("accuracy", accuracy -> assertThat(accuracy).isGreaterThan(0.4));
        Path exported = TinyRun.exported(config);
        HfConfig saved = HfConfig.read(exported);
        assertThat(saved.labels()).containsExactly("B-X", "I-X", "O");
        assertThat(saved.find("architectures").orElseThrow().get(0).asText()).endsWith("ForTokenClassification");
        assertThat(saved.find("problem_type")).isEmpty();
        if (method.endsWith("lora")) {
            assertThat(LoraSettings.read(exported).base().taskType()).isEqualTo("TOKEN_CLS");
            assertThat(TinyRun.model(config).keySet()).anyMatch(name -> name.matches(".*(classifier|score)\\.weight"));
        }
    }

    private static double mean(List<Double> losses) {
        return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
