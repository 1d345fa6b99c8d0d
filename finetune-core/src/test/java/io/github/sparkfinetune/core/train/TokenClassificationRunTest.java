package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSameInEveryWay;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameMetrics;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A classifier of tokens, trained whole, with frozen layers and by adapters, with the model's dropout on. */
class TokenClassificationRunTest {
    /** Adam turns rounding noise into whole steps where a gradient is zero in theory (key biases). */
    private static final double NOISY_PARAMETER = 2e-2;

    private static final double PARAMETER = 1e-5;

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

    @Test
    void ranksAndMicroBatchesChangeNothing() throws Exception {
        assertSameInEveryWay(
                tiny,
                name -> name.endsWith("key.bias") ? NOISY_PARAMETER : PARAMETER,
                // A row's windows are on one rank, wherever the split is cut.
                (outcome, reference) -> assertSameMetrics(
                        outcome.result().eval(), reference.result().eval(), 1e-5),
                new String[][] {
                    {"1", "training.per_device_train_batch_size=3", "training.gradient_accumulation_steps=4"},
                    {"2", "training.per_device_train_batch_size=6"},
                    {"3", "training.per_device_train_batch_size=4"},
                });
    }

    @ParameterizedTest
    @CsvSource({
        "bert-tokencls, full",
        "bert-tokencls, freeze",
        "bert-tokencls, lora",
        "bert-tokencls, qlora",
        "distilbert-tokencls, full",
        "distilbert-tokencls, freeze",
        "distilbert-tokencls, lora",
        "distilbert-tokencls, qlora",
        "camembert-tokencls, full",
        "camembert-tokencls, freeze",
        "camembert-tokencls, lora",
        "camembert-tokencls, qlora",
        "xlm-roberta-tokencls, full",
        "xlm-roberta-tokencls, freeze",
        "xlm-roberta-tokencls, lora",
        "xlm-roberta-tokencls, qlora",
        "electra-tokencls, full",
        "electra-tokencls, freeze",
        "electra-tokencls, lora",
        "electra-tokencls, qlora",
        "mpnet-tokencls, full",
        "mpnet-tokencls, freeze",
        "mpnet-tokencls, lora",
        "mpnet-tokencls, qlora",
        "deberta-v3-tokencls, full",
        "deberta-v3-tokencls, freeze",
        "deberta-v3-tokencls, lora",
        "deberta-v3-tokencls, qlora",
        "modernbert-tokencls, full",
        "modernbert-tokencls, freeze",
        "modernbert-tokencls, lora",
        "modernbert-tokencls, qlora",
        "roberta-seqcls, full",
        "roberta-seqcls, lora"
    })
    void everyFamilyIsTrainedByEveryMethod(String kind, String method) throws Exception {
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
            assertThat(LoraSettings.read(exported).taskType()).isEqualTo("TOKEN_CLS");
            assertThat(TinyRun.model(config).keySet()).anyMatch(name -> name.endsWith("classifier.weight"));
        }
    }

    private static double mean(List<Double> losses) {
        return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
