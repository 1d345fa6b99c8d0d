package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.ml.functions.array_to_vector;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.slice;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.zip_with;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Classifies texts. Its columns are those of Spark ML's classifiers, {@code predictionCol}, {@code probabilityCol} (a
 * vector by label id) and {@code rawPredictionCol} (its natural logarithm), and, where {@code outputCol} is set, the
 * one that DJL's {@code TextClassifier} makes: {@code class_names}, {@code probabilities}, {@code top_k}. An empty name
 * leaves a column out. Of a text that cannot be used they are null.
 */
public final class TextClassifierModel extends TrainedModel<TextClassifierModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the text";
    static final String PROBABILITY = "column of the labels' probabilities, by label id; empty: none";
    static final String RAW = "column of their natural logarithms; empty: none";
    private static final String MULTI_LABEL = "multi_label_classification";
    private static final String REGRESSION = "regression";

    /** What {@code outputCol} holds. */
    private static final StructType OUTPUT = new StructType()
            .add("class_names", DataTypes.createArrayType(DataTypes.StringType))
            .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType))
            .add("top_k", DataTypes.createArrayType(DataTypes.StringType));

    private final Param<String> inputCol;
    private final Param<String> probabilityCol;
    private final Param<String> rawPredictionCol;
    private final Param<String> outputCol;
    private final IntParam topK;
    private final IntParam batchSize;
    private final BooleanParam numericLabels;

    public TextClassifierModel(String uid) {
        super(uid);
        inputCol = new Param<>(this, "inputCol", INPUT);
        probabilityCol = new Param<>(this, "probabilityCol", PROBABILITY);
        rawPredictionCol = new Param<>(this, "rawPredictionCol", RAW);
        outputCol = new Param<>(
                this, "outputCol", "column of a structure of class_names, probabilities and top_k; empty: none");
        topK = new IntParam(this, "topK", "labels in top_k");
        batchSize = new IntParam(this, "batchSize", "texts that are computed together");
        numericLabels = new BooleanParam(this, "numericLabels", "whether a prediction is the label's number");
        setDefault(inputCol, "text");
        setDefault(probabilityCol, "probability");
        setDefault(rawPredictionCol, "rawPrediction");
        setDefault(outputCol, "");
        setDefault(topK, 5);
        setDefault(numericLabels, false);
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

    public Param<String> outputCol() {
        return outputCol;
    }

    public IntParam topK() {
        return topK;
    }

    public IntParam batchSize() {
        return batchSize;
    }

    public BooleanParam numericLabels() {
        return numericLabels;
    }

    public TextClassifierModel setInputCol(String value) {
        return with(inputCol, value);
    }

    public TextClassifierModel setProbabilityCol(String value) {
        return with(probabilityCol, value);
    }

    public TextClassifierModel setRawPredictionCol(String value) {
        return with(rawPredictionCol, value);
    }

    public TextClassifierModel setOutputCol(String value) {
        return with(outputCol, value);
    }

    public TextClassifierModel setTopK(int value) {
        return with(topK, value);
    }

    public TextClassifierModel setBatchSize(int value) {
        return with(batchSize, value);
    }

    TextClassifierModel setNumericLabels(boolean value) {
        return with(numericLabels, value);
    }

    /** Names of the labels by their ids. */
    public List<String> labels() {
        try {
            HfConfig trained = HfConfig.read(
                    new Path(run().output().model()),
                    SparkSession.active().sparkContext().hadoopConfiguration());
            return TaskSpecs.of(run()).labels(trained).names();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String problemType() {
        return run().classification().problemType().name().toLowerCase(Locale.ROOT);
    }

    @Override
    RunConfig reading(RunConfig trained) {
        List<String> columns = new ArrayList<>(List.of(Trainer.setting("data.text", getOrDefault(inputCol))));
        if (isDefined(batchSize)) {
            columns.add(Trainer.setting("training.per_device_eval_batch_size", getOrDefault(batchSize)));
        }
        return RunConfigLoader.parse(RunConfigLoader.toYaml(trained), uid(), columns);
    }

    @Override
    Dataset<Row> columns(Dataset<Row> predicted, String structure) {
        Column of = col(structure);
        Dataset<Row> result = predicted;
        if (!name(predictionCol()).isEmpty()) {
            Column prediction = of.getField("prediction");
            boolean number = (boolean) getOrDefault(numericLabels);
            result = result.withColumn(
                    name(predictionCol()), number ? prediction.cast(DataTypes.DoubleType) : prediction);
        }
        if (problemType().equals(REGRESSION)) {
            return result;
        }
        Column probabilities = of.getField("probabilities");
        if (!name(probabilityCol).isEmpty()) {
            result = result.withColumn(name(probabilityCol), vector(probabilities));
        }
        if (!name(rawPredictionCol).isEmpty()) {
            result = result.withColumn(
                    name(rawPredictionCol),
                    vector(functions.transform(probabilities, probability -> functions.log(probability))));
        }
        return name(outputCol).isEmpty() ? result : result.withColumn(name(outputCol), output(probabilities));
    }

    private String name(Param<String> column) {
        return getOrDefault(column);
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

    @Override
    public StructType transformSchema(StructType schema) {
        schema.apply(name(inputCol));
        return schema(
                schema,
                problemType(),
                (boolean) getOrDefault(numericLabels),
                name(predictionCol()),
                name(probabilityCol),
                name(rawPredictionCol),
                name(outputCol));
    }

    static StructType schema(
            StructType schema,
            String problemType,
            boolean number,
            String prediction,
            String probability,
            String raw,
            String output) {
        DataType label = number || problemType.equals(REGRESSION)
                ? DataTypes.DoubleType
                : problemType.equals(MULTI_LABEL)
                        ? DataTypes.createArrayType(DataTypes.StringType, false)
                        : DataTypes.StringType;
        StructType all = add(schema, prediction, label);
        if (!problemType.equals(REGRESSION)) {
            all = add(all, probability, SQLDataTypes.VectorType());
            all = add(all, raw, SQLDataTypes.VectorType());
            all = add(all, output, OUTPUT);
        }
        return all;
    }

    private static StructType add(StructType schema, String name, DataType type) {
        return name.isEmpty() ? schema : schema.add(name, type, true);
    }

    @Override
    TextClassifierModel another() {
        return new TextClassifierModel(uid());
    }

    /** Reads what {@link #write} saved. */
    public static MLReader<TextClassifierModel> read() {
        return new ModelReader<>();
    }

    /** Reads what {@code save} saved. */
    public static TextClassifierModel load(String path) {
        return read().load(path);
    }

    /** The model of a folder of a run, such as {@code finetune run} leaves. */
    public static TextClassifierModel ofRun(String outputDir) {
        return new TextClassifierModel(Identifiable$.MODULE$.randomUID("textClassifier"))
                .of(outputDir, SparkSession.active().sparkContext().hadoopConfiguration());
    }
}
