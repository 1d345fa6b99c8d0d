package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class LanguageModelTest extends SparkMlTest {
    private static LanguageModelTrainer trainer(String task, String model) {
        return tiny(new LanguageModelTrainer(), model)
                .setTask(task)
                .setMaxLength(64)
                .setNumTrainEpochs(1)
                .setLearningRate(1e-2);
    }

    private static Dataset<Row> questions() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            rows.add(RowFactory.create("Question " + i + "?", "Answer " + i % 4));
        }
        return frame(new StructType().add("question", DataTypes.StringType).add("answer", DataTypes.StringType), rows);
    }

    private static List<String> predictions(LanguageModel model, Dataset<Row> rows) {
        return model.transform(rows).select("prediction").collectAsList().stream()
                .map(row -> row.getString(0))
                .toList();
    }

    @Test
    void continuesTexts() throws Exception {
        Dataset<Row> texts = questions();
        LanguageModel model = trainer("causal-lm", "gpt2")
                .fit(questions()
                        .withColumn(
                                "text",
                                concat_ws(" ", col("question"), col("answer"), lit("and so on and on and on and on"))))
                .setInputCol("question")
                .setMaxNewTokens(6);

        Dataset<Row> result = model.copy(ParamMap.empty()).setOutputCol("djl").transform(texts);

        assertThat(result.columns()).containsExactly("question", "answer", "prediction", "djl");
        List<Row> rows = result.collectAsList();
        assertThat(rows)
                .hasSize(24)
                .allSatisfy(row -> assertThat(row.getString(2)).isEqualTo(row.getString(3)));
        String saved = dir.resolve("causal").toString();
        model.write().save(saved);
        LanguageModel loaded = LanguageModel.load(saved);
        assertThat(predictions(loaded, texts)).isEqualTo(predictions(model, texts));

        // A loaded model uses the new settings.
        List<String> longer = predictions(model.copy(ParamMap.empty()).setMaxNewTokens(12), texts);
        assertThat(longer).isNotEqualTo(predictions(model, texts));
        for (int i = 0; i < longer.size(); i++) {
            assertThat(longer.get(i)).startsWith(rows.get(i).getString(2).strip());
        }
    }

    @Test
    void answersConversations() {
        Dataset<Row> conversations = questions()
                .select(array(
                                struct(lit("user").as("role"), col("question").as("content")),
                                struct(
                                        lit("assistant").as("role"),
                                        col("answer").as("content")))
                        .as("talk"));
        LanguageModel model = trainer("sft", "llama-tied")
                .setInputCol("talk")
                .setMethod("lora")
                .fit(conversations)
                .setMaxNewTokens(6);
        assertThat((boolean) model.getOrDefault(model.chat())).isTrue();

        List<String> answers = predictions(model, conversations);

        assertThat(answers).hasSize(24).doesNotContainNull();
        LanguageModel ofTexts = model.copy(ParamMap.empty()).setInputCol("question");
        assertThat(predictions(ofTexts, questions()))
                .as("a text is a user's message")
                .isEqualTo(answers);
        assertThat(predictions(ofTexts.copy(ParamMap.empty()).setChat(false), questions()))
                .as("without the chat template")
                .isNotEqualTo(answers);
        Dataset<Row> none = frame(
                new StructType().add("question", DataTypes.StringType), List.of(RowFactory.create((Object) null)));
        assertThat(ofTexts.transform(none).head().get(1)).isNull();
    }

    @Test
    @Tag("full")
    void answersPromptsAfterTrainingOnCompletions() {
        LanguageModel model = trainer("sft", "llama-tied")
                .setInputCol("question")
                .setLabelCol("answer")
                .fit(questions())
                .setMaxNewTokens(6);

        assertThat((boolean) model.getOrDefault(model.chat())).isFalse();
        assertThat(predictions(model, questions())).hasSize(24).doesNotContainNull();
    }

    @Test
    void fillsInMaskTokens() {
        Dataset<Row> texts = questions().withColumn("text", lit("the license is granted to you"));
        LanguageModel model = trainer("masked-lm", "bert-mlm")
                .fit(texts)
                .setOutputCol("filled")
                .setTopK(2);
        Dataset<Row> masked = frame(
                new StructType().add("text", DataTypes.StringType),
                List.of(RowFactory.create("the [MASK] is granted to [MASK]"), RowFactory.create("the license")));

        Dataset<Row> result = model.transform(masked);

        assertThat(result.schema()).isEqualTo(model.transformSchema(masked.schema()));
        List<Row> rows = result.collectAsList();
        List<Row> filled = rows.get(0).getList(2);
        assertThat(filled).extracting(one -> one.<Integer>getAs("mask")).containsExactly(0, 0, 1, 1);
        assertThat(rows.get(0).<String>getList(1))
                .containsExactly(filled.get(0).getAs("token_str"), filled.get(2).getAs("token_str"));
        assertThat(filled.get(0).<Double>getAs("score"))
                .isGreaterThanOrEqualTo(filled.get(1).getAs("score"));
        assertThat(rows.get(1).isNullAt(1)).isTrue();
        assertThat(rows.get(1).isNullAt(2)).isTrue();
    }
}
