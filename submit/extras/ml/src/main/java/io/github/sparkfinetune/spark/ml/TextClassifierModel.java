package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.ml.functions.array_to_vector;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.array_position;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.slice;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.zip_with;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleArrayParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Classifies texts. The columns are those of Spark ML's classifiers: {@code predictionCol}, {@code probabilityCol} (a
 * vector by label id) and {@code rawPredictionCol} (its natural logarithm). If {@code outputCol} is set, it holds the
 * column of DJL's {@code TextClassifier}: {@code class_names}, {@code probabilities}, {@code top_k}. An empty name
 * leaves a column out. The columns are null for a text that cannot be used. For a run of task {@code reranking} it
 * scores pairs: {@code predictionCol} is the score, and there is no other column.
 */
public final class TextClassifierModel extends TextModel<TextClassifierModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the text";
    static final String PROBABILITY = "column of the labels' probabilities, by label id; empty: none";
    static final String THRESHOLDS =
            "a number for each label: the prediction is the label with the highest probability / threshold; at most one"
                    + " number is 0, the others are greater";
    static final String RAW = "column of the natural logarithms of the probabilities; empty: none";
    private static final String UID = "textClassifier";

    /** Type of {@code outputCol}. */
    private static final StructType OUTPUT = new StructType()
            .add("class_names", DataTypes.createArrayType(DataTypes.StringType))
            .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType))
            .add("top_k", DataTypes.createArrayType(DataTypes.StringType));

    private final Param<String> probabilityCol;
    private final Param<String> rawPredictionCol;
    private final IntParam topK;
    private final BooleanParam numericLabels;
    private final DoubleParam coverage;
    private final Param<String> predictionSetCol;
    private final DoubleArrayParam thresholds;
    private final StringArrayParam labelNames;

    public TextClassifierModel() {
        this(Identifiable$.MODULE$.randomUID(UID));
    }

    /** Creates a stage with a given uid. */
    public TextClassifierModel(String uid) {
        super(uid, INPUT, "a structure of class_names, probabilities and top_k");
        probabilityCol = new Param<>(this, "probabilityCol", PROBABILITY);
        rawPredictionCol = new Param<>(this, "rawPredictionCol", RAW);
        topK = new IntParam(this, "topK", "number of labels in top_k");
        numericLabels = new BooleanParam(this, "numericLabels", "whether a prediction is the label's number");
        coverage = new DoubleParam(
                this,
                "coverage",
                "probability with which a label of predictionSetCol is right; needs a model that finetune evaluate has"
                        + " calibrated");
        predictionSetCol = new Param<>(
                this, "predictionSetCol", "column of the labels of which one is right; empty: none, needs coverage");
        thresholds = new DoubleArrayParam(this, "thresholds", THRESHOLDS, values -> isThresholds(values));
        labelNames = new StringArrayParam(
                this, "labelNames", "names of the labels by their numbers, as StringIndexer gave them; empty: none");
        setDefault(labelNames, new String[0]);
        setDefault(probabilityCol, "probability");
        setDefault(rawPredictionCol, "rawPrediction");
        setDefault(topK, 5);
        setDefault(numericLabels, false);
        setDefault(predictionSetCol, "");
    }

    public Param<String> probabilityCol() {
        return probabilityCol;
    }

    public Param<String> rawPredictionCol() {
        return rawPredictionCol;
    }

    public IntParam topK() {
        return topK;
    }

    public BooleanParam numericLabels() {
        return numericLabels;
    }

    public DoubleParam coverage() {
        return coverage;
    }

    public Param<String> predictionSetCol() {
        return predictionSetCol;
    }

    public DoubleArrayParam thresholds() {
        return thresholds;
    }

    /** Returns the parameter of the labels' names by number. */
    public StringArrayParam labelNames() {
        return labelNames;
    }

    static boolean isThresholds(double[] values) {
        return Arrays.stream(values).allMatch(value -> value >= 0)
                && Arrays.stream(values).filter(value -> value == 0).count() <= 1;
    }

    public TextClassifierModel setThresholds(double... values) {
        return with(thresholds, values);
    }

    TextClassifierModel setLabelNames(String... values) {
        return with(labelNames, values);
    }

    public TextClassifierModel setProbabilityCol(String value) {
        return with(probabilityCol, value);
    }

    public TextClassifierModel setRawPredictionCol(String value) {
        return with(rawPredictionCol, value);
    }

    public TextClassifierModel setTopK(int value) {
        return with(topK, value);
    }

    public TextClassifierModel setCoverage(double value) {
        return with(coverage, value);
    }

    public TextClassifierModel setPredictionSetCol(String value) {
        return with(predictionSetCol, value);
    }

    TextClassifierModel setNumericLabels(boolean value) {
        return with(numericLabels, value);
    }

    /** Returns the names of the labels, in the order of the probabilities. */
    public List<String> labels() {
        String[] names = getOrDefault(labelNames);
        return names.length == 0 ? labelsOfModel() : List.of(names);
    }

    /** Returns the number of labels. */
    public int numClasses() {
        return labels().size();
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        ColumnKind.TEXT.require(this, inputCol(), schema);
        Map<String, Column> inputs = new HashMap<>();
        inputs.put(run().data().text(), Columns.named(getOrDefault(inputCol())));
        String pair = run().data().textPair();
        if (pair != null) {
            inputs.put(pair, Columns.named(pair));
        }
        return inputs;
    }

    /** Converts labels that are numbers, as the model's predictions are then, to their names. */
    @Override
    Dataset<Row> labelled(Dataset<Row> rows) {
        String label = run().data().label();
        ColumnKind kind = TextClassifierTrainer.labels(run().classification().problemType());
        kind.require(this, "the label of the run", label, rows.schema());
        return (boolean) getOrDefault(numericLabels) ? namedLabels(rows, label, getOrDefault(labelNames)) : rows;
    }

    /**
     * Converts numeric labels to names; without names to whole numbers without a decimal point.
     *
     * @param names names by number, or empty
     */
    static Dataset<Row> namedLabels(Dataset<Row> rows, String label, String[] names) {
        Column number = Columns.named(label);
        Column text = number.cast(DataTypes.LongType).cast(DataTypes.StringType);
        return rows.withColumn(
                label,
                names.length == 0
                        ? text
                        // A number without a name stays a number, so that the refusal of the label shows it.
                        : functions.coalesce(functions.get(lit(names), number.cast(DataTypes.IntegerType)), text));
    }

    @Override
    Map<String, Param<?>> settings() {
        Map<String, Param<?>> settings = new HashMap<>(super.settings());
        settings.put("predict.coverage", coverage);
        return settings;
    }

    @Override
    Outputs outputs(Column predicted) {
        return outputs(predicted, this::ordered);
    }

    /** Leaves the probabilities in the order of each group's labels, which may differ between groups. */
    @Override
    Outputs outputsOfGroups(Column predicted) {
        if (isSet(thresholds)) {
            throw RunException.config(uid() + ": thresholds: the labels of groups may differ: clear thresholds");
        }
        return outputs(predicted, probabilities -> probabilities);
    }

    /** @param order puts the model's probabilities into the order of {@link #labels} */
    private Outputs outputs(Column predicted, UnaryOperator<Column> order) {
        if (TaskStages.scoresPairs(run().task())) {
            return new Outputs(this).add(predictionCol(), DataTypes.DoubleType, () -> predicted.getField("score"));
        }
        ProblemType type = run().classification().problemType();
        if (isSet(thresholds) && type != ProblemType.SINGLE_LABEL_CLASSIFICATION) {
            throw RunException.config(uid() + ": thresholds: they choose one label, but the model is of problem type "
                    + type.name().toLowerCase(Locale.ROOT) + ": clear thresholds");
        }
        Supplier<Column> probabilities = () -> order.apply(predicted.getField("probabilities"));
        Outputs outputs = outputs(
                this,
                () -> prediction(predicted.getField("prediction"), probabilities),
                probabilities,
                type,
                (boolean) getOrDefault(numericLabels),
                predictionCol(),
                probabilityCol,
                rawPredictionCol);
        if (!getOrDefault(predictionSetCol).isEmpty()
                && !isDefined(coverage)
                && !run().predict().hasSets()) {
            throw RunException.config(uid() + ": predictionSetCol: no label has a set: set coverage, or set it to ''");
        }
        outputs.add(
                predictionSetCol,
                DataTypes.createArrayType(DataTypes.StringType, false),
                () -> predicted.getField("prediction_set"));
        return type == ProblemType.REGRESSION
                ? outputs
                : outputs.add(outputCol(), OUTPUT, () -> output(probabilities.get()));
    }

    private Column prediction(Column predicted, Supplier<Column> probabilities) {
        Column label = isSet(thresholds) ? thresholded(probabilities.get()) : predicted;
        String[] names = getOrDefault(labelNames);
        if (!(boolean) getOrDefault(numericLabels)) {
            return label;
        }
        return (names.length == 0 ? label : array_position(lit(names), label).minus(1)).cast(DataTypes.DoubleType);
    }

    /** Returns the label with the highest probability / threshold, the first of equals. */
    private Column thresholded(Column probabilities) {
        double[] given = getOrDefault(thresholds);
        List<String> names = labels();
        if (given.length != names.size()) {
            throw RunException.config(uid() + ": thresholds: there are " + given.length + " for " + names.size()
                    + " labels: give one for each of " + String.join(", ", names));
        }
        Column scaled = array(IntStream.range(0, given.length)
                .mapToObj(label -> given[label] == 0
                        ? lit(Double.POSITIVE_INFINITY)
                        : probabilities.getItem(label).divide(given[label]))
                .toArray(Column[]::new));
        Column best = array_position(scaled, array_max(scaled)).cast(DataTypes.IntegerType);
        return when(probabilities.isNotNull(), element_at(lit(names.toArray(String[]::new)), best));
    }

    /** Returns probabilities in the order of the names that {@code StringIndexer} gave the labels. */
    private Column ordered(Column probabilities) {
        if (getOrDefault(labelNames).length == 0) {
            return probabilities;
        }
        List<String> own = labelsOfModel();
        Column[] byName = labels().stream()
                // A label that no training row had.
                .map(name -> own.contains(name) ? probabilities.getItem(own.indexOf(name)) : lit(0.0))
                .toArray(Column[]::new);
        return when(probabilities.isNotNull(), array(byName));
    }

    /**
     * Returns the columns of Spark ML.
     *
     * @param stage trainer or model
     * @param label supplies the prediction, of its type
     * @param probabilities supplies the array of probabilities
     * @param number whether a prediction is the label's number
     */
    static Outputs outputs(
            Params stage,
            Supplier<Column> label,
            Supplier<Column> probabilities,
            ProblemType type,
            boolean number,
            Param<String> prediction,
            Param<String> probability,
            Param<String> raw) {
        Outputs outputs = new Outputs(stage);
        if (type == ProblemType.REGRESSION) {
            return outputs.add(prediction, DataTypes.DoubleType, label);
        }
        DataType one = number ? DataTypes.DoubleType : DataTypes.StringType;
        boolean isList = type == ProblemType.MULTI_LABEL_CLASSIFICATION;
        return outputs.add(prediction, isList ? DataTypes.createArrayType(DataTypes.StringType, false) : one, label)
                .add(probability, SQLDataTypes.VectorType(), () -> vector(probabilities.get()))
                .add(
                        raw,
                        SQLDataTypes.VectorType(),
                        () -> vector(functions.transform(probabilities.get(), value -> functions.log(value))));
    }

    private static Column vector(Column doubles) {
        return when(doubles.isNotNull(), array_to_vector(doubles));
    }

    private Column output(Column probabilities) {
        Column names = array(labels().stream().map(label -> lit(label)).toArray(Column[]::new));
        Column ranked = sort_array(
                zip_with(probabilities, names, (probability, label) -> struct(probability.as("p"), label.as("l"))),
                false);
        Column best = functions.transform(slice(ranked, 1, (int) getOrDefault(topK)), one -> one.getField("l"));
        Column all = struct(names.as("class_names"), probabilities.as("probabilities"), best.as("top_k"));
        return when(probabilities.isNotNull(), all.cast(OUTPUT));
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextClassifierModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static TextClassifierModel load(String path) {
        return read().load(path);
    }

    /** Returns the model in the folder of a run, such as a folder of {@code finetune run}. */
    public static TextClassifierModel ofRun(String outputDir) {
        return new TextClassifierModel().of(outputDir);
    }
}
