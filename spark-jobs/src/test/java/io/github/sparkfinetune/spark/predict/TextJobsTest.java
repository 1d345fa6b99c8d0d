package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Rouge;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.model.TaskModels;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All jobs in order, with real (tiny) language models: prepare, train, evaluate, predict. */
@Timeout(600)
class TextJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String[] LORA = {"method.type=lora", "method.use_dora=true", "method.target_modules=all-linear"
    };
    private static final String[] QLORA = {"method.type=qlora", "method.target_modules=[q_proj, v_proj]"};

    @TempDir
    Path folder;

    @Test
    void measuresAnAdapterAndItsBaseAndAnswers() throws Exception {
        RunConfig config = sft("lora", "llama-tied", LORA);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            long before = TaskModels.loads();
            Scores scores = EvaluateJob.run(spark, config).get(0);
            assertThat(TaskModels.loads() - before)
                    .as("one load per rank, base and adapter")
                    .isBetween(1L, 2L);
            requireSameAsTheBaseAlone(config, rows(spark, config, EvaluateJob.BASE_PREDICTIONS));

            // The trainer measured the same split before the adapter was written and read again.
            assertThat(scores.split()).isEqualTo("eval");
            assertThat(scores.metrics().get("loss")).isCloseTo(result.eval().get("loss"), within(1e-5));
            assertThat(scores.metrics().get("perplexity"))
                    .isCloseTo(Math.exp(scores.metrics().get("loss")), within(1e-6));
            assertThat(scores.metrics().get("loss"))
                    .isLessThan(0.9 * scores.base().get("loss"));
            List<Row> rows = rows(spark, config, EvaluateJob.PREDICTIONS);
            assertThat(rows).hasSize(12);
            assertThat(rows.stream().map(row -> row.<Long>getAs("index")).distinct())
                    .as("documents share samples")
                    .hasSizeLessThan(12);
            // The first three prompts in storage order.
            assertThat(rows.stream().map(row -> row.<String>getAs("generated") != null))
                    .startsWith(true, true, true)
                    .filteredOn(answered -> answered)
                    .hasSize(3);
            Row first = rows.get(0);
            assertThat(first.<String>getAs("prompt"))
                    .startsWith("<|im_start|>user\nQuestion ")
                    .endsWith("<|im_start|>assistant\n");
            assertThat(first.<String>getAs("reference")).startsWith("Answer ").doesNotContain("<|");
            assertThat(first.<Double>getAs("rougeL"))
                    .isEqualTo(new Rouge(true)
                            .score(first.getAs("reference"), first.getAs("generated"))
                            .rougeL()
                            .f1());
            assertThat(scores.answers()).hasSize(3);
            assertThat(scores.answers().get(0).generated()).isEqualTo(first.getAs("generated"));
            assertThat(scores.answers().get(0).base())
                    .isEqualTo(rows(spark, config, EvaluateJob.BASE_PREDICTIONS)
                            .get(0)
                            .<String>getAs("generated"));
            requireSameWithOneTask(spark, rows);
            predict(spark, config, first);
        }
    }

    /** Checks that the base model gives the same bits as when it is loaded alone. */
    private void requireSameAsTheBaseAlone(RunConfig config, List<Row> rows) throws IOException {
        Configuration hadoop = new Configuration();
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, "eval", hadoop);
                Predictor base = Predictor.base(config, hadoop, folder.resolve("copy"), -1, 1)) {
            RowType<?> type = TaskSpecs.of(config).evaluationRows();
            Iterator<? extends Record> alone = base.evaluate(samples, List.of(), 0, 1);
            for (Row row : rows) {
                Map<String, Object> values = type.named(alone.next());
                assertThat(row.<String>getAs("generated")).isEqualTo(values.get("generated"));
                assertThat(row.<Double>getAs("loss")).isEqualTo(values.get("loss"));
            }
        }
    }

    /** Checks that one task gives the same rows. */
    private void requireSameWithOneTask(SparkSession spark, List<Row> rows) throws IOException {
        RunConfig config = sft("lora", "llama-tied", plus(LORA, "cluster.ranks=1"));
        EvaluateJob.run(spark, config);
        List<Row> alone = rows(spark, config, EvaluateJob.PREDICTIONS);
        assertThat(alone).hasSameSizeAs(rows);
        for (int i = 0; i < rows.size(); i++) {
            for (String column : List.of("index", "document", "prompt", "reference", "generated", "tokens")) {
                assertThat(alone.get(i).<Object>getAs(column))
                        .isEqualTo(rows.get(i).getAs(column));
            }
            assertThat(alone.get(i).<Double>getAs("loss")).isCloseTo(rows.get(i).getAs("loss"), within(1e-5));
        }
    }

    private void predict(SparkSession spark, RunConfig config, Row heldOut) throws IOException {
        String question = heldOut.<String>getAs("prompt")
                .replace("<|im_start|>user\n", "")
                .replace("<|im_end|>\n<|im_start|>assistant\n", "");
        List<String> lines = List.of(
                JSON.writeValueAsString(Map.of("messages", List.of(message("user", question)))),
                "{\"messages\": 3}",
                conversation("long ".repeat(400), "never"),
                conversation("Say it", "as it was"));
        Path input = Files.write(folder.resolve("new.jsonl"), lines);
        String output = folder.resolve("answers").toString();

        PredictJob.run(spark, config, "--input", input.toString(), output);

        assertThat(Path.of(output).toFile().listFiles((at, name) -> name.endsWith(".parquet")))
                .as("both ranks answer")
                .hasSize(2);
        List<Row> answers = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(answers.stream().map(row -> row.<Long>getAs("index"))).containsExactly(0L, 1L, 2L, 3L);
        assertThat(answers.stream().map(row -> row.<String>getAs("error") == null))
                .containsExactly(true, false, false, true);
        assertThat(answers.get(0).<String>getAs("generated")).isEqualTo(heldOut.getAs("generated"));
        assertThat(answers.get(0).<String>getAs("reference")).isNull();
        assertThat(answers.get(0).<String>getAs("prompt")).isEqualTo(heldOut.getAs("prompt"));
        assertThat(answers.get(1).<String>getAs("error")).isEqualTo("bad_messages");
        assertThat(answers.get(2).<String>getAs("error")).startsWith("the prompt has ");
        assertThat(answers.get(2).<String>getAs("generated")).isNull();
        assertThat(answers.get(3).<String>getAs("reference")).isEqualTo("as it was");
    }

    @Test
    @Tag("full")
    void evaluatesAnUntrainedAdapterLikeItsBaseIn4Bits() throws Exception {
        RunConfig config = sft(
                "qlora",
                "llama-tied",
                plus(QLORA, "training.learning_rate=1.0e-30", "tokenizer.add_special_tokens=[<x>]"));
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics()).isEqualTo(scores.base());
            assertThat(scores.answers())
                    .hasSize(3)
                    .allSatisfy(answer -> assertThat(answer.generated()).isEqualTo(answer.base()));
            assertThatThrownBy(() -> EvaluateJob.run(spark, sft("qlora", "llama-tied")))
                    .isInstanceOfSatisfying(
                            RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIG))
                    .hasMessageContaining("holds an adapter: set method.type to lora or qlora");
        }
    }

    @Test
    @Tag("full")
    void evaluatesWholeTextsByLossOnly() throws Exception {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            texts.add(JSON.writeValueAsString(Map.of("text", PrepareFixture.text(i))));
        }
        Path file = Files.write(folder.resolve("texts.jsonl"), texts);
        List<String> others = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            others.add(JSON.writeValueAsString(Map.of("text", "Another kind of text, number " + i)));
        }
        Path general = Files.write(folder.resolve("general.jsonl"), others);
        RunConfig config = run(
                "clm",
                "gpt2",
                "task=causal-lm",
                "data.held_out.general=" + general,
                "data.train=" + file,
                "data.packing=wrapped",
                "data.max_length=32",
                "generation.max_new_tokens=4",
                "training.learning_rate=1.0e-3");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> EvaluateJob.run(spark, config))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("run prepare first");
            PrepareJob.run(spark, config);
            assertThatThrownBy(() -> EvaluateJob.run(spark, config))
                    .isInstanceOfSatisfying(
                            RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                    .hasMessageContaining("train first");
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            List<Scores> all = EvaluateJob.run(spark, config);

            assertThat(all.stream().map(Scores::split)).containsExactly("eval", "general");
            Scores other = all.get(1);
            assertThat(other.base().get("perplexity"))
                    .isNotEqualTo(all.get(0).base().get("perplexity"));
            assertThat(rows(spark, config, "base-predictions-general.parquet"))
                    .hasSameSizeAs(rows(spark, config, "predictions-general.parquet"))
                    .isNotEmpty();
            Scores scores = all.get(0);
            assertThat(scores.metrics()).containsOnlyKeys("loss", "perplexity");
            assertThat(scores.metrics().get("loss"))
                    .isCloseTo(result.eval().get("loss"), within(1e-5))
                    .isLessThan(scores.base().get("loss"));
            assertThat(scores.answers()).isEmpty();
            assertThat(rows(spark, config, EvaluateJob.PREDICTIONS))
                    .isNotEmpty()
                    .allSatisfy(row -> assertThat(row.<String>getAs("prompt")).isNull());

            Path beginnings = Files.write(folder.resolve("short.jsonl"), texts.subList(0, 4));
            String output = folder.resolve("continued").toString();
            PredictJob.run(spark, config, "--input", beginnings.toString(), output);
            assertThat(spark.read().parquet(output).collectAsList())
                    .hasSize(4)
                    .allSatisfy(
                            row -> assertThat(row.<String>getAs("generated")).isNotNull());
        }
    }

    private RunConfig sft(String name, String model, String... settings) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            lines.add(conversation("Question " + i + "?", "Answer " + i % 4));
        }
        Path file = Files.write(folder.resolve("conversations.jsonl"), lines);
        return run(
                name,
                model,
                plus(
                        new String[] {
                            "task=sft",
                            "data.train=" + file,
                            "data.packing=bfd",
                            "data.max_length=96",
                            "training.learning_rate=3.0e-2",
                            "generation.eval_samples=3",
                            "generation.max_new_tokens=8"
                        },
                        settings));
    }

    private RunConfig run(String name, String model, String... settings) {
        return Runs.in(
                folder,
                plus(
                        new String[] {
                            "output.dir=" + folder.resolve(name),
                            "model=" + MODELS.resolve(model).toAbsolutePath().normalize(),
                            "data.eval_fraction=0.3",
                            "training.per_device_train_batch_size=2",
                            "training.num_train_epochs=3"
                        },
                        settings));
    }

    private static String[] plus(String[] settings, String... more) {
        List<String> all = new ArrayList<>(List.of(settings));
        Collections.addAll(all, more);
        return all.toArray(String[]::new);
    }

    private static Map<String, String> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    private static String conversation(String question, String answer) throws IOException {
        return JSON.writeValueAsString(
                Map.of("messages", List.of(message("user", question), message("assistant", answer))));
    }

    private static List<Row> rows(SparkSession spark, RunConfig config, String name) {
        return spark.read()
                .parquet(config.output().dir() + "/" + name)
                .orderBy("index", "document")
                .collectAsList();
    }
}
