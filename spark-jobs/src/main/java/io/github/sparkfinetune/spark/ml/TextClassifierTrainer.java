package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a model to classify texts. Labels are texts, or the numbers 0, 1, … as {@code StringIndexer} makes them;
 * predictions are of the same kind. {@code classification.problem_type} among the {@code settings} makes it several
 * labels a text (a column of lists) or a number.
 */
public final class TextClassifierTrainer extends Trainer<TextClassifierTrainer, TextClassifierModel> {
    private static final long serialVersionUID = 1L;

    private static final String PROBLEM_TYPE = "classification.problem_type=";

    private final Param<String> inputCol;
    private final Param<String> probabilityCol;
    private final Param<String> rawPredictionCol;

    public TextClassifierTrainer() {
        this(Identifiable$.MODULE$.randomUID("textClassifierTrainer"));
    }

    /** With a uid of one's own. */
    public TextClassifierTrainer(String uid) {
        super(uid);
        inputCol = new Param<>(this, "inputCol", TextClassifierModel.INPUT);
        probabilityCol = new Param<>(this, "probabilityCol", TextClassifierModel.PROBABILITY);
        rawPredictionCol = new Param<>(this, "rawPredictionCol", TextClassifierModel.RAW);
        setDefault(inputCol, "text");
        setDefault(labelCol(), "label");
        setDefault(probabilityCol, "probability");
        setDefault(rawPredictionCol, "rawPrediction");
    }

    public Param<String> inputCol() {
        return inputCol;
    }

    public Param<String> probabilityCol() {
        return probabilityCol;
    }

    public Param<String> rawPredictionCol() {
        return rawPredictionCol;
    }

    public TextClassifierTrainer setInputCol(String value) {
        return with(inputCol, value);
    }

    public TextClassifierTrainer setProbabilityCol(String value) {
        return with(probabilityCol, value);
    }

    public TextClassifierTrainer setRawPredictionCol(String value) {
        return with(rawPredictionCol, value);
    }

    @Override
    List<String> taskSettings() {
        return List.of(
                "task=classification",
                setting("data.text", getOrDefault(inputCol)),
                setting("data.label", getOrDefault(labelCol())));
    }

    /** Whole numbers as they are written without a point. */
    @Override
    Dataset<Row> rows(Dataset<?> dataset) {
        String label = getOrDefault(labelCol());
        return isIndex(dataset.schema())
                ? dataset.withColumn(label, col(label).cast(DataTypes.LongType).cast(DataTypes.StringType))
                : dataset.toDF();
    }

    private boolean isIndex(StructType schema) {
        return schema.apply(getOrDefault(labelCol())).dataType() instanceof NumericType
                && Arrays.stream(getOrDefault(settings())).noneMatch(one -> one.equals(PROBLEM_TYPE + "regression"));
    }

    @Override
    TextClassifierModel trained(RunConfig run, Dataset<?> dataset) {
        return new TextClassifierModel(Identifiable$.MODULE$.randomUID("textClassifier"))
                .setNumericLabels(isIndex(dataset.schema()))
                .of(run);
    }

    @Override
    StructType outputSchema(StructType schema) {
        schema.apply(getOrDefault(inputCol));
        return TextClassifierModel.schema(
                schema,
                Arrays.stream(getOrDefault(settings()))
                        .filter(one -> one.startsWith(PROBLEM_TYPE))
                        .map(one -> one.substring(PROBLEM_TYPE.length()))
                        .findFirst()
                        .orElse("single_label_classification"),
                schema.fieldIndex(getOrDefault(labelCol())) >= 0 && isIndex(schema),
                getOrDefault(predictionCol()),
                getOrDefault(probabilityCol),
                getOrDefault(rawPredictionCol),
                "");
    }

    /** Reads what {@link #write} saved. */
    public static MLReader<TextClassifierTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Reads what {@code save} saved. */
    public static TextClassifierTrainer load(String path) {
        return read().load(path);
    }
}
