package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.model.TaskModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
class TextTransformersTest extends SparkMlTest {
    private static final StructType TEXT = new StructType().add("text", DataTypes.StringType);

    private static TextEmbedder embedder(String model) {
        return new TextEmbedder().setModel(MODELS.resolve(model).toString()).setMaxLength(32);
    }

    private static TextTokenizer tokenizer(String model) {
        return new TextTokenizer().setModel(MODELS.resolve(model).toString()).setMaxLength(32);
    }

    private static Dataset<Row> texts(String... texts) {
        List<Row> rows = new ArrayList<>();
        for (String text : texts) {
            rows.add(RowFactory.create(text));
        }
        return frame(TEXT, rows).coalesce(1);
    }

    /** Compares token ids and means of hidden states with transformers, for encoders with heads of all kinds. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert-seqcls",
                "electra-seqcls",
                "roberta-seqcls",
                "distilbert-qa",
                "xlm-roberta-tokencls",
                "mpnet-seqcls",
                "deberta-v3-tokencls",
                "modernbert-mlm"
            })
    void equalsTheTokensAndEmbeddingsOfTransformers(String model) throws Exception {
        JsonNode golden = new ObjectMapper()
                .readTree(MODELS.resolveSibling("embeddings.json").toFile());
        List<Row> rows = new ArrayList<>();
        golden.path("texts").forEach(text -> rows.add(RowFactory.create(text.textValue())));
        int length = golden.path("max_length").intValue();

        List<Row> result = embedder(model)
                .setMaxLength(length)
                .setBatchSize(3)
                .transform(tokenizer(model)
                        .setMaxLength(length)
                        .transform(frame(TEXT, rows).coalesce(1)))
                .collectAsList();

        for (int row = 0; row < rows.size(); row++) {
            List<Integer> ids = new ArrayList<>();
            golden.path("models").path(model).path("input_ids").path(row).forEach(id -> ids.add(id.intValue()));
            assertThat(result.get(row).<Integer>getList(1)).isEqualTo(ids);
            JsonNode mean = golden.path("models").path(model).path("mean").path(row);
            double[] embedding = result.get(row).<Vector>getAs("embedding").toArray();
            assertThat(embedding).hasSize(mean.size());
            for (int i = 0; i < embedding.length; i++) {
                assertThat(embedding[i]).isCloseTo(mean.get(i).doubleValue(), within(1e-4));
            }
        }
    }

    @Test
    void returnsEmbeddingsOfTheRequestedType() {
        Dataset<Row> texts = texts("the license", null, " ", "a copy of the license");
        TextEmbedder embedder = embedder("bert-seqcls").setNormalize(true).setOutputType("array");

        Dataset<Row> arrays = embedder.transform(texts);
        Dataset<Row> vectors =
                embedder.copy(ParamMap.empty()).setOutputType("vector").transform(texts);

        assertThat(arrays.schema()).isEqualTo(embedder.transformSchema(texts.schema()));
        assertThat(arrays.schema().apply("embedding").dataType().simpleString()).isEqualTo("array<float>");
        List<Row> rows = arrays.collectAsList();
        List<Row> ofVectors = vectors.collectAsList();
        for (int row : new int[] {0, 3}) {
            List<Float> embedding = rows.get(row).getList(1);
            double[] vector = ofVectors.get(row).<Vector>getAs(1).toArray();
            double squares = 0;
            for (int i = 0; i < vector.length; i++) {
                assertThat((double) embedding.get(i)).isEqualTo(vector[i]);
                squares += vector[i] * vector[i];
            }
            assertThat(squares).isCloseTo(1, within(1e-5));
        }
        for (int row : new int[] {1, 2}) {
            assertThat(rows.get(row).isNullAt(1)).isTrue();
            assertThat(ofVectors.get(row).isNullAt(1)).isTrue();
        }
    }

    /** A usual classifier over frozen embeddings, saved with the model that it needs. */
    @Test
    void savesAPipelineWithItsModel() throws Exception {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add(RowFactory.create((i % 2 == 0 ? "the license " : "a copy of ") + i, i % 2.0));
        }
        Dataset<Row> texts = frame(TEXT.add("label", DataTypes.DoubleType), rows);
        Path model = Files.createDirectories(dir.resolve("elsewhere"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(MODELS.resolve("bert-seqcls").resolve(file), model.resolve(file));
        }
        PipelineModel fitted = new Pipeline()
                .setStages(new PipelineStage[] {
                    new TextTokenizer().setModel(model.toString()).setMaxLength(32),
                    new TextEmbedder()
                            .setModel(model.toString())
                            .setMaxLength(32)
                            .setOutputCol("features"),
                    new LogisticRegression()
                })
                .fit(texts);
        List<Row> expected = fitted.transform(texts).collectAsList();
        assertThat(expected).allMatch(row -> row.<Double>getAs("prediction").equals(row.<Double>getAs("label")));

        String saved = dir.resolve("saved").toString();
        fitted.write().overwrite().save(saved);
        try (var files = Files.list(model)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        PipelineModel loaded = PipelineModel.load(saved);

        assertThat(loaded.transform(texts).collectAsList()).isEqualTo(expected);
        assertThat(Path.of(((TextTokenizer) loaded.stages()[0])
                        .getOrDefault(((TextTokenizer) loaded.stages()[0]).model())))
                .isDirectoryNotContaining("glob:**.safetensors");
    }

    @Test
    void embedsArrivingFilesWithOneModel() throws Exception {
        TextEmbedder embedder = embedder("bert-seqcls").setOutputType("array");
        Dataset<Row> texts = texts("the license", "a copy", "the license is granted");
        Path in = Files.createDirectories(dir.resolve("in"));
        StreamingQuery query = embedder.transform(
                        spark.readStream().schema(TEXT).parquet(in.toString()))
                .writeStream()
                .format("memory")
                .queryName("embedded")
                .start();
        try {
            long before = TaskModels.loads();
            for (int batch = 0; batch < 3; batch++) {
                texts.write().mode("append").parquet(in.toString());
                query.processAllAvailable();
            }
            assertThat(TaskModels.loads() - before).isEqualTo(1);
            List<Row> expected = embedder.transform(texts).collectAsList();
            List<Row> all = new ArrayList<>(expected);
            all.addAll(expected);
            all.addAll(expected);
            assertThat(spark.table("embedded").collectAsList()).containsExactlyInAnyOrderElementsOf(all);
        } finally {
            query.stop();
        }
    }

    @Test
    void embedsWithALanguageModel() {
        assertThat(embedder("gpt2").transform(texts("the license")).first().<Vector>getAs("embedding"))
                .isNotNull();
    }

    @Test
    void namesWhatCannotBeUsed() {
        Dataset<Row> texts = texts("the license");
        assertThatThrownBy(() -> new TextEmbedder().transform(texts))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("model is not set: it is folder of a model");
        assertThatThrownBy(() -> embedder("bert-seqcls").setOutputType("list").transform(texts))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("outputType is list: set it to vector or array");
        assertThatThrownBy(() -> embedder("none").transform(texts))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("none");
        assertThatThrownBy(() -> tokenizer("none").transform(texts))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("none");
    }
}
