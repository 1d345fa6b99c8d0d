package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.ml.attribute.Attribute;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.ml.param.DoubleArrayParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a model to classify texts. Labels are texts, or the numbers 0, 1, … of {@code StringIndexer}. Predictions
 * are of the same kind; the model's folder has the names that {@code StringIndexer} gave the numbers. With
 * {@code classification.problem_type} in the {@code settings}, a text has several labels (a column of lists) or a
 * number.
 */
public final class TextClassifierTrainer extends TextTrainer<TextClassifierTrainer, TextClassifierModel> {
    private static final long serialVersionUID = 1L;

    private static final String PROBLEM_TYPE = "classification.problem_type=";

    private final Param<String> probabilityCol;
    private final Param<String> rawPredictionCol;
    private final DoubleArrayParam thresholds;

    public TextClassifierTrainer() {
        this(Identifiable$.MODULE$.randomUID("textClassifierTrainer"));
    }

    /** Creates a stage with a given uid. */
    public TextClassifierTrainer(String uid) {
        super(uid, TextClassifierModel.INPUT);
        probabilityCol = new Param<>(this, "probabilityCol", TextClassifierModel.PROBABILITY);
        rawPredictionCol = new Param<>(this, "rawPredictionCol", TextClassifierModel.RAW);
        thresholds = new DoubleArrayParam(
                this, "thresholds", TextClassifierModel.THRESHOLDS, TextClassifierModel::isThresholds);
        setDefault(labelCol(), "label");
        setDefault(probabilityCol, "probability");
        setDefault(rawPredictionCol, "rawPrediction");
    }

    public Param<String> probabilityCol() {
        return probabilityCol;
    }

    public Param<String> rawPredictionCol() {
        return rawPredictionCol;
    }

    public DoubleArrayParam thresholds() {
        return thresholds;
    }

    public TextClassifierTrainer setProbabilityCol(String value) {
        return with(probabilityCol, value);
    }

    public TextClassifierTrainer setRawPredictionCol(String value) {
        return with(rawPredictionCol, value);
    }

    public TextClassifierTrainer setThresholds(double... values) {
        return with(thresholds, values);
    }

    @Override
    List<String> taskSettings() {
        return List.of(
                "task=classification",
                RunSettings.setting("data.text", getOrDefault(inputCol())),
                RunSettings.setting("data.label", getOrDefault(labelCol())));
    }

    @Override
    Dataset<Row> rows(Dataset<?> dataset) {
        return isIndex(dataset.schema())
                ? TextClassifierModel.namedLabels(dataset.toDF(), getOrDefault(labelCol()), names(dataset.schema()))
                : dataset.toDF();
    }

    /** Returns the names that {@code StringIndexer} left in the metadata of the label's column; empty: none. */
    private String[] names(StructType schema) {
        return isIndex(schema)
                        && Attribute.fromStructField(schema.apply(getOrDefault(labelCol())))
                                instanceof NominalAttribute labels
                        && labels.values().isDefined()
                ? labels.values().get()
                : new String[0];
    }

    private boolean isIndex(StructType schema) {
        return problemType() == ProblemType.SINGLE_LABEL_CLASSIFICATION
                && schema.apply(getOrDefault(labelCol())).dataType() instanceof NumericType;
    }

    /**
     * Returns the problem type in the settings. An invalid setting is refused later, when the configuration is loaded.
     */
    private ProblemType problemType() {
        return Arrays.stream(getOrDefault(settings()))
                .filter(one -> one.startsWith(PROBLEM_TYPE))
                .map(one -> one.substring(PROBLEM_TYPE.length()).toUpperCase(Locale.ROOT))
                .flatMap(name -> Arrays.stream(ProblemType.values())
                        .filter(type -> type.name().equals(name)))
                .findFirst()
                .orElse(ProblemType.SINGLE_LABEL_CLASSIFICATION);
    }

    /** Returns the types that the column of the labels may have. */
    static ColumnKind labels(ProblemType type) {
        return switch (type) {
            case SINGLE_LABEL_CLASSIFICATION -> ColumnKind.LABEL;
            case MULTI_LABEL_CLASSIFICATION -> ColumnKind.LABELS;
            case REGRESSION -> ColumnKind.NUMBER;
        };
    }

    @Override
    TextClassifierModel trained(RunConfig run, Dataset<?> dataset) {
        return new TextClassifierModel()
                .setNumericLabels(isIndex(dataset.schema()))
                .setLabelNames(names(dataset.schema()))
                .of(run);
    }

    @Override
    Outputs outputs(StructType schema) {
        ColumnKind.TEXT.require(this, inputCol(), schema);
        labels(problemType()).require(this, labelCol(), schema);
        return TextClassifierModel.outputs(
                this,
                () -> NONE,
                () -> NONE,
                problemType(),
                isIndex(schema),
                predictionCol(),
                probabilityCol,
                rawPredictionCol);
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextClassifierTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a stage that {@code save} saved. */
    public static TextClassifierTrainer load(String path) {
        return read().load(path);
    }
}
