package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Heads of masked language models: present, missing or untied in the base, or left over from it. */
class MaskedLmHeadTest {
    @TempDir
    private Path folder;

    /** Compares the metrics of the base, whose head is new, with those of a model that was hardly trained. */
    @Test
    void initializesAHeadThatTheBaseLacks() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "bert-seqcls", config -> {});
        TinyRun tiny = MaskedLmRuns.run(folder, base);
        RunConfig config = tiny.config("out", "training.learning_rate=1.0e-30", "training.max_steps=1");
        tiny.run(config, 1, null);

        assertThat(MaskedLmRuns.measured(config, tiny, true)).isEqualTo(MaskedLmRuns.measured(config, tiny, false));
        Map<String, float[]> head = TinyRun.model(config);
        assertThat(head.get("cls.predictions.transform.LayerNorm.weight")).containsOnly(1);
        assertThat(head.get("cls.predictions.bias")).hasSize(384).containsOnly(0);
        assertThat(head.keySet()).noneMatch(name -> name.startsWith("classifier") || name.contains("pooler"));
    }

    /** Trains and saves a new head with the adapter, as PEFT does with a new classifier. */
    @ParameterizedTest
    @CsvSource({
        "bert-seqcls, cls.predictions.transform.LayerNorm, none",
        "bert-seqcls, cls.predictions.transform.LayerNorm, all",
        "distilbert-tokencls, vocab_layer_norm, all",
        "mpnet-seqcls, lm_head.layer_norm, all",
        "deberta-v3-seqcls, cls.predictions.transform.LayerNorm, none"
    })
    void savesAHeadThatTheBaseLacksWithTheAdapter(String kind, String norm, String bias) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        TinyRun tiny =
                MaskedLmRuns.run(folder, base, MaskedLmRuns.LORA[0], MaskedLmRuns.LORA[1], "method.bias=" + bias);
        RunConfig config = tiny.config("out");
        TrainingResult result = tiny.run(config, 2, null).result();

        assertThat(TinyRun.model(config).get("base_model.model." + norm + ".weight"))
                .hasSize(32)
                .doesNotContain(1f);
        assertThat(MaskedLmRuns.measured(config, tiny, false).get("loss"))
                .isCloseTo(result.eval().get("loss"), within(1e-4))
                .isLessThan(MaskedLmRuns.measured(config, tiny, true).get("loss"));
    }

    @ParameterizedTest
    @CsvSource({
        "bert-mlm, cls",
        "roberta-mlm, word_embeddings",
        "distilbert-mlm, vocab_projector",
        "mpnet-mlm, word_embeddings",
        "modernbert-mlm, decoder"
    })
    void refusesToUntieTheDecoderByAnAdapter(String kind, String module) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        TinyRun tiny = MaskedLmRuns.run(folder, base, MaskedLmRuns.LORA[0], "method.modules_to_save=[" + module + "]");
        assertThatThrownBy(() -> FineTuner.check(tiny.config("out"), new Configuration()))
                .isInstanceOf(RunException.class)
                .hasMessage("method.modules_to_save: [" + module + "] would train two copies of the tied"
                        + " embeddings: leave it out, or set method.type to full");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"bert-mlm", "roberta-mlm", "distilbert-mlm", "mpnet-mlm", "deberta-v3-mlm", "modernbert-mlm"})
    void trainsASeparateWeightOfAnUntiedDecoder(String kind) throws Exception {
        Path tied = TinyModel.copy(folder.resolve("tied"), kind, config -> config.put("tie_word_embeddings", false));
        String decoder = Map.of(
                        "bert-mlm", "cls.predictions.decoder.weight",
                        "roberta-mlm", "lm_head.decoder.weight",
                        "distilbert-mlm", "vocab_projector.weight",
                        "mpnet-mlm", "lm_head.decoder.weight",
                        "deberta-v3-mlm", "cls.predictions.decoder.weight",
                        "modernbert-mlm", "decoder.weight")
                .get(kind);
        TinyRun without = MaskedLmRuns.run(Files.createDirectory(folder.resolve("a")), tied);
        assertThatThrownBy(() -> without.run(without.config("out"), 1, null))
                .hasRootCauseMessage("the model's weights have no tensor " + decoder
                        + " (nor under its older names): is this a checkpoint of the architecture in config.json?");
        Path base = TinyModel.withCopy(tied, folder.resolve("base"), tableOf(kind), decoder);
        TinyRun tiny = MaskedLmRuns.run(Files.createDirectory(folder.resolve("b")), base);
        RunConfig config = tiny.config("out");
        List<Double> losses = tiny.run(config, 1, null).losses();
        RunConfig ranks = tiny.config("ranks", "training.per_device_train_batch_size=6");
        assertSameLosses(tiny.run(ranks, 2, null).losses(), losses);

        Map<String, float[]> after = TinyRun.model(config);
        assertThat(after).containsKey(decoder);
        String table = after.keySet().stream()
                .filter(name -> name.endsWith(tableOf(kind)))
                .findFirst()
                .orElseThrow();
        assertThat(after.get(decoder)).isNotEqualTo(after.get(table));
    }

    private static String tableOf(String kind) {
        return kind.startsWith("modern") ? "tok_embeddings.weight" : "word_embeddings.weight";
    }

    /** Trains on a domain, then on the task; the head for masked tokens is dropped. */
    @ParameterizedTest
    @ValueSource(strings = {"full", "lora"})
    void usesAMaskedLmAsABaseForClassification(String method) throws Exception {
        TinyRun domain = MaskedLmRuns.run(
                Files.createDirectory(folder.resolve("domain")),
                GoldenFiles.root().resolve("models/bert-mlm"));
        RunConfig trained = domain.config("out");
        domain.run(trained, 1, null);
        TinyRun task = new TinyRun(
                Files.createDirectory(folder.resolve("task")),
                TinyRun.exported(trained),
                "classification",
                "method.type=" + method,
                "method.target_modules=all-linear");
        RunConfig config = task.config("out");
        task.run(config, 1, null);

        assertThat(TinyRun.model(config).keySet()).isNotEmpty().noneMatch(name -> name.contains("cls.predictions"));
        if (method.equals("lora")) {
            assertThat(merged(config).keySet()).contains("classifier.weight", "cls.predictions.bias");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "full"})
    void addsRowsAndBiasesForNewTokens(String method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "roberta-mlm", config -> {});
        TinyRun tiny = MaskedLmRuns.run(
                folder, base, "method.type=" + method, "tokenizer.add_special_tokens=['<new>', '<other>']");
        RunConfig config = tiny.config("out");
        tiny.run(config, 1, null);
        Map<String, float[]> model = method.equals("lora") ? merged(config) : TinyRun.model(config);

        assertThat(model.get("lm_head.bias")).hasSize(386);
        assertThat(model.get("roberta.embeddings.word_embeddings.weight")).hasSize(386 * 32);
        if (method.equals("lora")) {
            float[] old = TinyModel.weights(base).get("lm_head.bias");
            double mean = 0;
            for (float value : old) {
                mean += value / (double) old.length;
            }
            assertThat(model.get("lm_head.bias")).startsWith(old);
            assertThat((double) model.get("lm_head.bias")[385]).isCloseTo(mean, within(1e-6));
        }
        assertThat(MaskedLmRuns.measured(config, tiny, false).get("loss")).isFinite();
    }

    private Map<String, float[]> merged(RunConfig config) {
        Path merged = folder.resolve("merged");
        TinyRun.merge(config, TinyRun.exported(config), merged, folder.resolve("cache"));
        return TinyModel.weights(merged);
    }
}
