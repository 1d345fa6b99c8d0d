package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.prepare.Questions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.ml.tuning.TrainValidationSplitModel;
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
class QuestionAnswererTest extends SparkMlTest {
    /** Model that was fitted on {@code questions()}. */
    private static QuestionAnswererModel fitted;

    @BeforeAll
    static void fit() {
        fitted = trainer().fit(questions());
    }

    private static QuestionAnswererTrainer trainer() {
        return tiny(new QuestionAnswererTrainer(), "bert-qa")
                .setQuestionCol("asked")
                .setMaxLength(48)
                .setNumTrainEpochs(2)
                .setLearningRate(2e-3)
                .setSettings("data.stride=8");
    }

    private static Dataset<Row> questions() {
        List<Row> rows = new ArrayList<>();
        for (Map<String, Object> question : Questions.rows(40, 0)) {
            List<?> answers = (List<?>) question.get("answers");
            Object[] texts =
                    answers.stream().map(one -> ((Map<?, ?>) one).get("text")).toArray();
            Object[] starts = answers.stream()
                    .map(one -> ((Map<?, ?>) one).get("answer_start"))
                    .toArray();
            rows.add(RowFactory.create(
                    question.get("question"), question.get("context"), RowFactory.create(texts, starts)));
        }
        StructType answers = new StructType()
                .add("text", DataTypes.createArrayType(DataTypes.StringType))
                .add("answer_start", DataTypes.createArrayType(DataTypes.IntegerType));
        return frame(
                new StructType()
                        .add("asked", DataTypes.StringType)
                        .add("context", DataTypes.StringType)
                        .add("answers", answers),
                rows);
    }

    @Test
    void answersWithPartsOfTheTexts() throws Exception {
        Dataset<Row> questions = questions();
        QuestionAnswererModel model =
                fitted.copy(ParamMap.empty()).setOutputCol("djl").setAnswerCol("found");

        Dataset<Row> result = model.transform(questions);

        assertThat(result.schema()).isEqualTo(model.transformSchema(questions.schema()));
        assertThat(result.columns()).containsExactly("asked", "context", "answers", "prediction", "djl", "found");
        List<Row> rows = result.collectAsList();
        assertThat(rows).hasSize(40).allSatisfy(row -> {
            String context = row.getString(1);
            Row found = row.getStruct(5);
            assertThat(row.getString(3)).isEqualTo(row.getString(4)).isEqualTo(found.getAs("answer"));
            assertThat(context.substring(
                            context.offsetByCodePoints(0, found.getAs("start")),
                            context.offsetByCodePoints(0, found.getAs("end"))))
                    .isEqualTo(row.getString(3));
            assertThat(found.<Double>getAs("score")).isNotNaN();
        });
        String saved = dir.resolve("saved").toString();
        model.write().save(saved);
        assertThat(QuestionAnswererModel.load(saved).transform(questions).collectAsList())
                .isEqualTo(rows);
        assertThat(QuestionAnswererModel.ofRun(fitted.runDir())
                        .setInputCols("asked", "context")
                        .setOutputCol("djl")
                        .setAnswerCol("found")
                        .transform(questions)
                        .collectAsList())
                .isEqualTo(rows);
        assertThatThrownBy(() -> model.setInputCols("asked"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("give the question's column and the context's");
    }

    @Test
    void returnsNoAnswerWithoutAContext() {
        Dataset<Row> odd = frame(
                new StructType().add("asked", DataTypes.StringType).add("context", DataTypes.StringType),
                List.of(RowFactory.create("who grants it?", null)));

        Row row = fitted.copy(ParamMap.empty())
                .setAnswerCol("found")
                .transform(odd)
                .head();

        assertThat(row.get(2)).isNull();
        assertThat(row.get(3)).isNull();
    }

    @Test
    @Tag("full")
    void findsTheBestOfTwo() {
        QuestionAnswererTrainer trainer = trainer();
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(trainer.numTrainEpochs(), new int[] {1, 3})
                .build();

        TrainValidationSplitModel best = new TrainValidationSplit()
                .setEstimator(trainer)
                .setEvaluator(new TextEvaluator().setTask("question-answering").setLabelCol("answers"))
                .setEstimatorParamMaps(grid)
                .setTrainRatio(0.8)
                .setSeed(3)
                .fit(questions());

        assertThat(best.validationMetrics()[1]).isGreaterThanOrEqualTo(best.validationMetrics()[0]);
        assertThat(best.transform(questions()).count()).isEqualTo(40);
    }
}
