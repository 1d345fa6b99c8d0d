package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.stream.Stream;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks of columns before any row is read. */
class BadColumnsTest {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.LongType)
            .add("text", DataTypes.StringType)
            .add("words", DataTypes.createArrayType(DataTypes.StringType))
            .add(
                    "talk",
                    StructType.fromDDL("t ARRAY<STRUCT<role: STRING, content: STRING>>")
                            .apply("t")
                            .dataType())
            .add("dotted.name", DataTypes.StringType);

    private static Arguments refused(PipelineStage stage, String message) {
        return Arguments.of(stage, message);
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                refused(
                        new TextClassifierTrainer("uid").setInputCol("texts"),
                        "uid: inputCol: there is no column texts, the columns are id, text, words, talk, dotted.name:"
                                + " set inputCol to a column that is string"),
                refused(
                        new TextClassifierTrainer("uid").setInputCol("id").setLabelCol("text"),
                        "uid: inputCol: column id is bigint, it must be string: cast it, or set inputCol to a column"
                                + " that is string"),
                refused(
                        new TextClassifierTrainer("uid").setLabelCol("words"),
                        "uid: labelCol: column words is array<string>, it must be string or a number: cast it, or set"
                                + " labelCol to a column that is string or a number"),
                refused(
                        new TextClassifierTrainer("uid")
                                .setLabelCol("text")
                                .setSettings("classification.problem_type=multi_label_classification"),
                        "uid: labelCol: column text is string, it must be array<string>"),
                refused(
                        new TextClassifierTrainer("uid")
                                .setLabelCol("text")
                                .setSettings("classification.problem_type=regression"),
                        "uid: labelCol: column text is string, it must be a number"),
                refused(
                        new TokenClassifierTrainer("uid").setInputCol("id"),
                        "uid: inputCol: column id is bigint, it must be array<string> (the words of a row) or string"),
                refused(
                        new TokenClassifierTrainer("uid").setLabelCol("text"),
                        "uid: labelCol: column text is string, it must be array<string> (one tag per word) or"),
                refused(
                        new QuestionAnswererTrainer("uid")
                                .setQuestionCol("text")
                                .setContextCol("words"),
                        "uid: contextCol: column words is array<string>, it must be string"),
                refused(
                        new QuestionAnswererTrainer("uid")
                                .setQuestionCol("text")
                                .setContextCol("text")
                                .setLabelCol("words"),
                        "uid: labelCol: column words is array<string>, it must be"
                                + " struct<text:array<string>,answer_start:array<int>>"),
                refused(
                        new LanguageModelTrainer("uid").setTask("sft"),
                        "uid: inputCol: column text is string, it must be array<struct<role:string,content:string>>"),
                refused(
                        new LanguageModelTrainer("uid").setTask("sft").setLabelCol("talk"),
                        "uid: labelCol: column talk is array<struct<role:string,content:string>>, it must be string"),
                refused(
                        new LanguageModelTrainer("uid").setLabelCol("text"),
                        "uid: labelCol: task causal-lm trains only on inputCol: leave labelCol out, or set task to"
                                + " sft"),
                refused(
                        new LanguageModelTrainer("uid").setTask("translation"),
                        "uid: task is translation: set it to causal-lm, sft or masked-lm"),
                refused(
                        new LanguageModelTrainer("uid").setPredictionCol("talk"),
                        "uid: predictionCol: there is a column talk already: set it to another name, or to '' for no"
                                + " column"),
                refused(
                        new TextEmbedder("uid").setInputCol("words"),
                        "uid: inputCol: column words is array<string>, it must be string"),
                refused(new TextTokenizer("uid").setOutputCol("id"), "uid: outputCol: there is a column id already"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void refusesAColumnWithCauseAndRemedyInOneLine(PipelineStage stage, String message) {
        assertThatThrownBy(() -> stage.transformSchema(SCHEMA))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void findsAColumnByItsFullName() {
        assertThat(new LanguageModelTrainer()
                        .setInputCol("dotted.name")
                        .transformSchema(SCHEMA)
                        .fieldNames())
                .endsWith("prediction");
    }
}
