package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a model to find the answers of questions in texts. Labels are {@code struct<text:array<string>,
 * answer_start:array<int>>}, the start in code points, as the {@code datasets} library has SQuAD; or an array of
 * structures of one text and start each. {@code question_answering.version_2_with_negative=true} among the
 * {@code settings} makes it questions that may have no answer.
 */
public final class QuestionAnswererTrainer extends Trainer<QuestionAnswererTrainer, QuestionAnswererModel> {
    private static final long serialVersionUID = 1L;

    private final Param<String> questionCol;
    private final Param<String> contextCol;

    public QuestionAnswererTrainer() {
        this(Identifiable$.MODULE$.randomUID("questionAnswererTrainer"));
    }

    /** With a uid of one's own. */
    public QuestionAnswererTrainer(String uid) {
        super(uid);
        questionCol = new Param<>(this, "questionCol", QuestionAnswererModel.QUESTION);
        contextCol = new Param<>(this, "contextCol", QuestionAnswererModel.CONTEXT);
        setDefault(questionCol, "question");
        setDefault(contextCol, "context");
        setDefault(labelCol(), "answers");
    }

    public Param<String> questionCol() {
        return questionCol;
    }

    public Param<String> contextCol() {
        return contextCol;
    }

    public QuestionAnswererTrainer setQuestionCol(String value) {
        return with(questionCol, value);
    }

    public QuestionAnswererTrainer setContextCol(String value) {
        return with(contextCol, value);
    }

    @Override
    List<String> taskSettings() {
        return List.of(
                "task=question-answering",
                RunSettings.setting("question_answering.question", getOrDefault(questionCol)),
                RunSettings.setting("question_answering.context", getOrDefault(contextCol)),
                RunSettings.setting("question_answering.answers", getOrDefault(labelCol())));
    }

    @Override
    QuestionAnswererModel trained(RunConfig run, Dataset<?> dataset) {
        return new QuestionAnswererModel().of(run);
    }

    @Override
    Outputs outputs(StructType schema) {
        ColumnKind.TEXT.require(this, questionCol, schema);
        ColumnKind.TEXT.require(this, contextCol, schema);
        ColumnKind.ANSWERS.require(this, labelCol(), schema);
        return QuestionAnswererModel.outputs(this, predictionCol(), NONE);
    }

    /** Reads what {@link #write} saved. */
    public static MLReader<QuestionAnswererTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Reads what {@code save} saved. */
    public static QuestionAnswererTrainer load(String path) {
        return read().load(path);
    }
}
