package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rows to predict from of a run with {@code data.redact}. */
@Timeout(120)
class RedactedPredictionsTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final String RAW = "The license of ann@example.com";
    private static final String REDACTED = "The license of <EMAIL_ADDRESS>";

    /** Rows of a frame are computed with all cores. On some processors two threads give other last bits than one. */
    private static final String ONE_CORE = "local[1]";

    @TempDir
    private Path folder;

    private RunConfig run(String entities, String... settings) throws IOException {
        Path model = Files.createDirectories(folder.resolve("run/model"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            if (Files.notExists(model.resolve(file))) {
                Files.copy(MODEL.resolve(file), model.resolve(file));
            }
        }
        List<String> all = new ArrayList<>(List.of(
                "task=classification",
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("none.jsonl"),
                "data.max_length=32",
                "data.redact.entities=" + entities));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    @Test
    void textsAreRedactedBeforeTheModelReadsThem() throws IOException {
        Path input = Files.write(
                folder.resolve("mails.jsonl"),
                List.of("{\"text\": \"" + RAW + "\"}", "{\"text\": \"" + REDACTED + "\"}"));
        RunConfig redacts = run("[EMAIL_ADDRESS]");
        String output = folder.resolve("predicted").toString();
        try (SparkSession spark = SparkSessions.open(redacts, "test", ONE_CORE, Map.of())) {
            PredictJob.run(spark, redacts, "--input", input.toString(), output);
            List<Row> predicted = spark.read().parquet(output).orderBy("index").collectAsList();
            assertThat(predicted).extracting(row -> row.getAs("text")).containsExactly(REDACTED, REDACTED);
            List<Double> probabilities = probabilities(predicted.get(0));
            assertThat(probabilities(predicted.get(1))).isEqualTo(probabilities);

            Dataset<Row> frame =
                    spark.createDataset(List.of(RAW), Encoders.STRING()).toDF("mail");
            Row ofFrame = frame(frame, redacts);
            assertThat(ofFrame.getString(0)).isEqualTo(RAW);
            assertThat(probabilities(ofFrame.getStruct(1))).isEqualTo(probabilities);
            assertThat(probabilities(frame(frame, run("[URL]")).getStruct(1))).isNotEqualTo(probabilities);
        }
    }

    @Test
    void entitiesOfAModelAreReplacedInTheColumnsOfPredictions() throws IOException {
        Path tagger = TaggingModel.write(folder.resolve("tagger"), Map.of("license", "B-DOC"));
        List<String> settings = List.of("data.redact.model=" + tagger, "data.redact.labels={DOC: PAPER}");
        RunConfig redacts = run("[EMAIL_ADDRESS, PAPER]", settings.toArray(String[]::new));
        Path input = Files.write(folder.resolve("mails.jsonl"), List.of("{\"text\": \"" + RAW + "\"}"));
        String output = folder.resolve("predicted").toString();
        try (SparkSession spark = SparkSessions.open(redacts, "test", ONE_CORE, Map.of())) {
            PredictJob.run(spark, redacts, "--input", input.toString(), output);
            Row predicted = spark.read().parquet(output).first();
            assertThat(predicted.<String>getAs("text")).isEqualTo("The <PAPER> of <EMAIL_ADDRESS>");
            Dataset<Row> frame =
                    spark.createDataset(List.of(RAW), Encoders.STRING()).toDF("mail");
            assertThat(probabilities(frame(frame, redacts).getStruct(1))).isEqualTo(probabilities(predicted));
        }
    }

    private static Row frame(Dataset<Row> frame, RunConfig run) {
        return FramePredictions.of(
                        frame,
                        run,
                        Map.of("text", functions.col("mail")),
                        run.data().redact().toString(),
                        "predicted")
                .first();
    }

    private static List<Double> probabilities(Row predicted) {
        return predicted.getList(predicted.fieldIndex("probabilities"));
    }
}
