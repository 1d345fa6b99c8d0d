package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Answers questions with a part of a text. {@code predictionCol} holds the answer, or null if the model gives none.
 * {@code outputCol} holds the same answer if it is set, as in DJL's {@code QuestionAnswerer}. {@code answerCol}, if
 * set, holds a structure of {@code answer}, {@code start} and {@code end}, {@code score} and {@code no_answer_score}.
 * Start and end (exclusive) count code points of the context.
 */
public final class QuestionAnswererModel extends TrainedModel<QuestionAnswererModel> {
    private static final long serialVersionUID = 1L;

    static final String QUESTION = "column of the question";
    static final String CONTEXT = "column of the text that contains the answer";

    private static final StructType ANSWER = new StructType()
            .add("answer", DataTypes.StringType)
            .add("start", DataTypes.IntegerType)
            .add("end", DataTypes.IntegerType)
            .add("score", DataTypes.DoubleType)
            .add("no_answer_score", DataTypes.DoubleType);

    private final Param<String> questionCol;
    private final Param<String> contextCol;
    private final Param<String> answerCol;

    public QuestionAnswererModel() {
        this(Identifiable$.MODULE$.randomUID("questionAnswerer"));
    }

    /** Creates a stage with a given uid. */
    public QuestionAnswererModel(String uid) {
        super(uid, "the answer again");
        questionCol = new Param<>(this, "questionCol", QUESTION);
        contextCol = new Param<>(this, "contextCol", CONTEXT);
        answerCol =
                new Param<>(this, "answerCol", "column of structures of answer, start, end and scores; empty: none");
        setDefault(questionCol, "question");
        setDefault(contextCol, "context");
        setDefault(answerCol, "");
    }

    public Param<String> questionCol() {
        return questionCol;
    }

    public Param<String> contextCol() {
        return contextCol;
    }

    public Param<String> answerCol() {
        return answerCol;
    }

    public QuestionAnswererModel setQuestionCol(String value) {
        return with(questionCol, value);
    }

    public QuestionAnswererModel setContextCol(String value) {
        return with(contextCol, value);
    }

    public QuestionAnswererModel setAnswerCol(String value) {
        return with(answerCol, value);
    }

    /** Sets both columns in the order of DJL's {@code QuestionAnswerer}: question, then context. */
    public QuestionAnswererModel setInputCols(String... values) {
        if (values.length != 2) {
            throw RunException.config(uid() + ": inputCols has " + values.length
                    + " names: give the question's column and the context's");
        }
        return setQuestionCol(values[0]).setContextCol(values[1]);
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        ColumnKind.TEXT.require(this, questionCol, schema);
        ColumnKind.TEXT.require(this, contextCol, schema);
        return Map.of(
                run().questionAnswering().question(), Columns.named(getOrDefault(questionCol)),
                run().questionAnswering().context(), Columns.named(getOrDefault(contextCol)));
    }

    @Override
    Outputs outputs(Column predicted) {
        Column all =
                struct(Stream.of(ANSWER.fieldNames()).map(predicted::getField).toArray(Column[]::new));
        return outputs(this, predictionCol(), predicted)
                .add(outputCol(), DataTypes.StringType, () -> predicted.getField("answer"))
                .add(answerCol, ANSWER, () -> when(predicted.getField("error").isNull(), all.cast(ANSWER)));
    }

    /** @param stage trainer or model */
    static Outputs outputs(Params stage, Param<String> prediction, Column predicted) {
        return new Outputs(stage).add(prediction, DataTypes.StringType, () -> predicted.getField("answer"));
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<QuestionAnswererModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static QuestionAnswererModel load(String path) {
        return read().load(path);
    }

    /** Returns the model in the folder of a run, such as a folder of {@code finetune run}. */
    public static QuestionAnswererModel ofRun(String outputDir) {
        return new QuestionAnswererModel().of(outputDir);
    }
}
