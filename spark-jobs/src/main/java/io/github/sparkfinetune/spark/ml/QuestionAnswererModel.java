package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Answers questions by a part of a text. {@code predictionCol} has the answer, null where none is given;
 * {@code outputCol}, where it is set, the same, as DJL's {@code QuestionAnswerer} has it; {@code answerCol}, where it
 * is set, a structure of {@code answer}, {@code start} and {@code end} (of the answer in the context, in code points,
 * the end exclusive), {@code score} and {@code no_answer_score}.
 */
public final class QuestionAnswererModel extends TrainedModel<QuestionAnswererModel> {
    private static final long serialVersionUID = 1L;

    static final String QUESTION = "column of the question";
    static final String CONTEXT = "column of the text that the answer is a part of";

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

    /** With a uid of one's own. */
    public QuestionAnswererModel(String uid) {
        super(uid, "the answer once more");
        questionCol = new Param<>(this, "questionCol", QUESTION);
        contextCol = new Param<>(this, "contextCol", CONTEXT);
        answerCol = new Param<>(
                this, "answerCol", "column of a structure of answer, start, end and the scores; empty: none");
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

    /** Both columns as DJL's {@code QuestionAnswerer} takes them: the question's, then the context's. */
    public QuestionAnswererModel setInputCols(String... values) {
        if (values.length != 2) {
            throw RunException.config(uid() + ": inputCols has " + values.length
                    + " names: give the question's column and the context's");
        }
        return setQuestionCol(values[0]).setContextCol(values[1]);
    }

    @Override
    Set<Task> tasks() {
        return Set.of(Task.QUESTION_ANSWERING);
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        ColumnKind.TEXT.require(this, questionCol, schema);
        ColumnKind.TEXT.require(this, contextCol, schema);
        return Map.of(
                run().tasks().questionAnswering().question(), Columns.named(getOrDefault(questionCol)),
                run().tasks().questionAnswering().context(), Columns.named(getOrDefault(contextCol)));
    }

    @Override
    Outputs outputs(Column predicted) {
        Column all =
                struct(Stream.of(ANSWER.fieldNames()).map(predicted::getField).toArray(Column[]::new));
        return outputs(this, predictionCol(), predicted)
                .add(outputCol(), DataTypes.StringType, () -> predicted.getField("answer"))
                .add(answerCol, ANSWER, () -> when(predicted.getField("error").isNull(), all.cast(ANSWER)));
    }

    /** @param stage the trainer or the model */
    static Outputs outputs(Params stage, Param<String> prediction, Column predicted) {
        return new Outputs(stage).add(prediction, DataTypes.StringType, () -> predicted.getField("answer"));
    }

    /** Reads what {@link #write} saved. */
    public static MLReader<QuestionAnswererModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Reads what {@code save} saved. */
    public static QuestionAnswererModel load(String path) {
        return read().load(path);
    }

    /** The model of a folder of a run, such as {@code finetune run} leaves. */
    public static QuestionAnswererModel ofRun(String outputDir) {
        return new QuestionAnswererModel().of(outputDir);
    }
}
