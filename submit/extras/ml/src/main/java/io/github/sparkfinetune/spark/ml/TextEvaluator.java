package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Measures predictions that are no numbers, for {@code CrossValidator} and {@code TrainValidationSplit}. The columns
 * depend on {@code task}:
 *
 * <ul>
 *   <li>{@code classification}: labels as texts, numbers or, for several labels per row, arrays of texts
 *   <li>{@code token-classification}: arrays of tags
 *   <li>{@code question-answering}: SQuAD's answers and predicted answers, null for none
 *   <li>{@code sft}: expected and generated texts
 *   <li>{@code reranking}: the relevance of a document, from 0 to 1, the predicted score, and the query in
 *       {@code queryCol}
 *   <li>{@code embedding}: the vector of a document (label) and that of a query (prediction) to which it belongs; each
 *       query ranks all distinct documents
 * </ul>
 *
 * <p>Metrics have the names and the values of {@code metrics.json}; more is better. Except for answers, a row without a
 * label or a prediction is left out.
 */
public final class TextEvaluator extends Evaluator implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> task;
    private final Param<String> metricName;
    private final Param<String> labelCol;
    private final Param<String> predictionCol;
    private final Param<String> queryCol;

    public TextEvaluator() {
        this(Identifiable$.MODULE$.randomUID("textEvaluator"));
    }

    /** Creates an evaluator with a given uid. */
    public TextEvaluator(String uid) {
        // Params read the uid when they are created.
        this.uid = uid;
        task = new Param<>(
                this, "task", String.join(", ", TaskStages.comparisons().keySet()));
        metricName = new Param<>(this, "metricName", "metric, by default the first of the task");
        labelCol = new Param<>(this, "labelCol", "column of the label");
        predictionCol = new Param<>(this, "predictionCol", "column of the prediction");
        queryCol = new Param<>(this, "queryCol", "column of the query's text, for reranking");
        setDefault(task, "classification");
        setDefault(labelCol, Comparison.LABEL);
        setDefault(predictionCol, Comparison.PREDICTION);
        setDefault(queryCol, Comparison.QUERY);
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> task() {
        return task;
    }

    public Param<String> metricName() {
        return metricName;
    }

    public Param<String> labelCol() {
        return labelCol;
    }

    public Param<String> predictionCol() {
        return predictionCol;
    }

    public Param<String> queryCol() {
        return queryCol;
    }

    public TextEvaluator setTask(String value) {
        return with(task, value);
    }

    public TextEvaluator setMetricName(String value) {
        return with(metricName, value);
    }

    public TextEvaluator setLabelCol(String value) {
        return with(labelCol, value);
    }

    public TextEvaluator setPredictionCol(String value) {
        return with(predictionCol, value);
    }

    public TextEvaluator setQueryCol(String value) {
        return with(queryCol, value);
    }

    private TextEvaluator with(Param<String> param, String value) {
        set(param, value);
        return this;
    }

    /**
     * Returns the metric.
     *
     * @throws RunException if the task, the metric or a column does not exist, a column has another type, or the metric
     *     is not defined for the rows
     */
    @Override
    public double evaluate(Dataset<?> dataset) {
        StructType schema = dataset.schema();
        Comparison comparison = comparison(schema);
        String metric = metric(comparison);
        List<Column> columns = new ArrayList<>(
                List.of(column(labelCol, Comparison.LABEL), column(predictionCol, Comparison.PREDICTION)));
        comparison.query().ifPresent(kind -> {
            kind.require(this, queryCol, schema);
            columns.add(column(queryCol, Comparison.QUERY));
        });
        Dataset<Row> selected = dataset.select(columns.toArray(Column[]::new));
        for (String column : comparison.complete() ? selected.columns() : new String[0]) {
            selected = selected.where(functions.col(column).isNotNull());
        }
        // The names of labels need a pass of their own, and the model shall not predict twice.
        Dataset<Row> rows = selected.persist(StorageLevel.MEMORY_AND_DISK());
        try {
            if (rows.isEmpty()) {
                throw RunException.data(uid + ": no row has a value in each of the columns "
                        + getOrDefault(labelCol) + " and " + getOrDefault(predictionCol)
                        + ": set labelCol and predictionCol to the columns of the labels and the predictions");
            }
            Double value = comparison.measured().apply(rows).values().get(metric);
            if (value == null || value.isNaN()) {
                throw RunException.data(
                        uid + ": " + metric + " is not defined for these rows: set metricName to one of "
                                + String.join(", ", comparison.metrics()));
            }
            return value;
        } finally {
            rows.unpersist(false);
        }
    }

    private Comparison comparison(StructType schema) {
        List<Comparison> all = TaskStages.comparisons().get(getOrDefault(task));
        if (all == null) {
            throw RunException.config(uid + ": task is " + getOrDefault(task) + ": set it to one of "
                    + String.join(", ", TaskStages.comparisons().keySet()));
        }
        Optional<DataType> label = Optional.of(getOrDefault(labelCol))
                .filter(name -> List.of(schema.fieldNames()).contains(name))
                .map(name -> schema.apply(name).dataType());
        Comparison found = all.stream()
                .filter(one -> label.filter(one.label().fits()).isPresent())
                .findFirst()
                .orElse(all.get(0));
        DataType truth = found.label().require(this, labelCol, schema);
        DataType predicted = found.prediction().require(this, predictionCol, schema);
        if (ColumnKind.isText(truth) != ColumnKind.isText(predicted)
                && found.label().equals(found.prediction())) {
            throw RunException.config(uid + ": column " + getOrDefault(labelCol) + " is " + truth.simpleString()
                    + ", column " + getOrDefault(predictionCol) + " is " + predicted.simpleString()
                    + ": both must be texts, or both numbers");
        }
        return found;
    }

    private String metric(Comparison comparison) {
        if (!isDefined(metricName)) {
            return comparison.metrics().get(0);
        }
        String name = getOrDefault(metricName);
        if (!comparison.metrics().contains(name)) {
            throw RunException.config(uid + ": metricName is " + name + ": for " + getOrDefault(task)
                    + " set it to one of " + String.join(", ", comparison.metrics()));
        }
        return name;
    }

    private Column column(Param<String> param, String name) {
        return Columns.named(getOrDefault(param)).as(name);
    }

    @Override
    public boolean isLargerBetter() {
        return true;
    }

    @Override
    public TextEvaluator copy(ParamMap extra) {
        return this.<TextEvaluator>defaultCopy(extra);
    }

    /** Returns a reader for an evaluator that {@link #write} saved. */
    public static MLReader<TextEvaluator> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads an evaluator that {@code save} saved. */
    public static TextEvaluator load(String path) {
        return read().load(path);
    }
}
