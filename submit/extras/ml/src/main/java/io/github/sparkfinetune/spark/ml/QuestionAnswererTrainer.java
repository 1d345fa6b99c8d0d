package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a model to find the answers of questions in texts. Labels are {@code struct<text:array<string>,
 * answer_start:array<int>>} with starts in code points, as SQuAD in the {@code datasets} library. Or labels are an
 * array of structures with one text and one start each. With {@code question_answering.version_2_with_negative=true} in
 * the {@code settings}, questions may have no answer.
 */
public final class QuestionAnswererTrainer extends Trainer<QuestionAnswererTrainer, QuestionAnswererModel> {
    private static final long serialVersionUID = 1L;

    private final Param<String> questionCol;
    private final Param<String> contextCol;

    public QuestionAnswererTrainer() {
        this(Identifiable$.MODULE$.randomUID("questionAnswererTrainer"));
    }

    /** Creates a stage with a given uid. */
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

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<QuestionAnswererTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a stage that {@code save} saved. */
    public static QuestionAnswererTrainer load(String path) {
        return read().load(path);
    }
}
