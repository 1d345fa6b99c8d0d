package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.testing.TaggingModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class TokenClassifierTest extends SparkMlTest {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.IntegerType)
            .add("words", DataTypes.createArrayType(DataTypes.StringType))
            .add("tags", DataTypes.createArrayType(DataTypes.StringType));

    /** Model that was fitted on {@code licenses()}. */
    private static TokenClassifierModel fitted;

    @BeforeAll
    static void fit() {
        fitted = trainer().fit(licenses());
    }

    private static TokenClassifierTrainer trainer() {
        return tiny(new TokenClassifierTrainer(), "bert-tokencls")
                .setMaxLength(16)
                .setNumTrainEpochs(4)
                .setLearningRate(5e-3);
    }

    private static Dataset<Row> licenses() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            List<String> words = new ArrayList<>();
            List<String> tags = new ArrayList<>();
            for (int part = 0; part <= i % 4; part++) {
                words.addAll(List.of("see", "the", "license", String.valueOf((i + part) % 10), ";"));
                tags.addAll(List.of("O", "O", "B-LICENSE", "I-LICENSE", "O"));
            }
            rows.add(RowFactory.create(i, words.toArray(), tags.toArray()));
        }
        return frame(SCHEMA, rows);
    }

    @Test
    void tagsWordsAndFindsEntities() {
        Dataset<Row> licenses = licenses();
        TokenClassifierModel model = fitted.copy(ParamMap.empty()).setOutputCol("entities");

        Dataset<Row> result = model.transform(licenses);

        assertThat(result.schema()).isEqualTo(model.transformSchema(licenses.schema()));
        assertThat(result.columns()).containsExactly("id", "words", "tags", "prediction", "entities");
        assertThat(model.labels()).containsExactly("B-LICENSE", "I-LICENSE", "O");
        List<Row> rows = result.collectAsList();
        assertThat(rows)
                .hasSize(40)
                .filteredOn(row -> row.getList(2).equals(row.getList(3)))
                .hasSizeGreaterThan(35);
        for (Row row : rows) {
            assertThat(row.getList(3)).hasSameSizeAs(row.getList(1));
            String text = String.join(" ", row.<String>getList(1));
            List<Row> entities = row.getList(4);
            assertThat(entities).hasSize((int) row.<String>getList(3).stream()
                    .filter(tag -> tag.startsWith("B-"))
                    .count());
            assertThat(entities).allSatisfy(entity -> {
                assertThat(text.substring(entity.getAs("start"), entity.getAs("end")))
                        .isEqualTo(entity.getAs("word"));
                assertThat(entity.<String>getAs("label")).isEqualTo("LICENSE");
                assertThat(entity.<Double>getAs("score")).isBetween(0.3, 1.0);
            });
        }
    }

    @Test
    void tagsATextLikeItsWords() {
        Dataset<Row> texts = licenses().withColumn("text", concat_ws(" ", col("words")));

        List<Row> ofTexts = fitted.copy(ParamMap.empty())
                .setInputCol("text")
                .transform(texts)
                .select("id", "prediction")
                .collectAsList();

        assertThat(ofTexts)
                .isEqualTo(
                        fitted.transform(licenses()).select("id", "prediction").collectAsList());
    }

    /** A word that cleaning empties keeps its position. */
    @Test
    void tagsEveryWord() {
        Dataset<Row> odd = frame(
                SCHEMA,
                List.of(
                        RowFactory.create(0, new String[] {"\u0001", "see", "license", "\u0002", "7"}, null),
                        RowFactory.create(1, null, null),
                        RowFactory.create(2, new String[] {}, null)));

        List<Row> rows = fitted.transform(odd).orderBy("id").collectAsList();

        assertThat(rows.get(0).<String>getList(3))
                .hasSize(5)
                .startsWith("O", "O")
                .allMatch(tag -> tag.equals("O") || tag.endsWith("-LICENSE"));
        assertThat(rows.get(1).isNullAt(3)).isTrue();
        assertThat(rows.get(2).isNullAt(3)).isTrue();
    }

    @Test
    void wordsOfAnEntityThatAModelFindsHaveOneTag() throws Exception {
        String redactor = TaggingModel.write(
                        dir.resolve("redactor"), Map.of("holder", "B-PER", "contributors", "I-PER"))
                .toString();
        Dataset<Row> words = frame(
                SCHEMA,
                List.of(
                        RowFactory.create(0, new String[] {"see", "holder", "contributors", "license", "7"}, null),
                        RowFactory.create(1, new String[] {"see", "the", "license", "7"}, null)));
        Dataset<Row> licenses = licenses();
        List<Row> rows = trainer()
                .setNumTrainEpochs(1)
                .setSettings("data.redact.entities=[PERSON]", "data.redact.model=" + redactor)
                .fit(licenses)
                .transform(words)
                .orderBy("id")
                .collectAsList();
        assertThat(rows.get(0).getList(3)).hasSize(5);
        // A tag that goes on in an entity is that of its first word, or its I.
        String first = rows.get(0).<String>getList(3).get(1);
        assertThat(rows.get(0).<String>getList(3).get(2)).isEqualTo(first.replace("B-", "I-"));
        assertThat(rows.get(1).getList(3)).hasSize(4);
    }

    @Test
    @Tag("full")
    void crossValidatesSavesAndLoadsAPipeline() throws Exception {
        Dataset<Row> licenses = licenses();
        TokenClassifierTrainer trainer = trainer()
                .setMethod("lora")
                .setNumTrainEpochs(2)
                .setSettings("method.r=4", "method.target_modules=all-linear");
        Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {trainer});
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(trainer.learningRate(), new double[] {1e-6, 3e-2})
                .build();

        CrossValidatorModel best = new CrossValidator()
                .setEstimator(pipeline)
                .setEvaluator(new TextEvaluator()
                        .setTask("token-classification")
                        .setLabelCol("tags")
                        .setMetricName("accuracy"))
                .setEstimatorParamMaps(grid)
                .setNumFolds(2)
                .setSeed(3)
                .fit(licenses);

        assertThat(best.avgMetrics()[1]).isGreaterThan(best.avgMetrics()[0]).isGreaterThan(0.7);
        PipelineModel model = (PipelineModel) best.bestModel();
        String saved = dir.resolve("saved").toString();
        model.write().overwrite().save(saved);
        TokenClassifierModel loaded =
                (TokenClassifierModel) PipelineModel.load(saved).stages()[0];
        assertThat(loaded.transform(licenses).collectAsList())
                .isEqualTo(model.stages()[0].transform(licenses).collectAsList());
        assertThat(Arrays.asList(loaded.params()))
                .hasSameSizeAs(Arrays.asList(model.stages()[0].params()))
                .allMatch(param -> param.parent().equals(loaded.uid()));
    }

    @Test
    void loadsAModelWithTheClassOfItsTask() {
        assertThat(TokenClassifierModel.ofRun(fitted.runDir())
                        .transform(licenses())
                        .collectAsList())
                .isEqualTo(fitted.transform(licenses()).collectAsList());
        assertThatThrownBy(() -> LanguageModel.ofRun(fitted.runDir()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("that LanguageModel cannot load (task=\"token-classification\")");
    }
}
