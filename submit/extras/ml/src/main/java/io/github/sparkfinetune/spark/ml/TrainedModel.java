package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.job.session.SessionRun;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.ml.stage.FolderWriter;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.source.Columns;
import io.github.sparkfinetune.spark.source.NamedRows;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tuned model as a Transformer of Spark ML. The model is the folder of a run; a saved model is a Hugging Face
 * folder (or a PEFT adapter) and JSON. Executors load the model when the first row is computed, once per JVM. An empty
 * name leaves an added column out. All added columns are null for a row that cannot be used.
 *
 * @param <M> subclass
 */
public abstract class TrainedModel<M extends TrainedModel<M>> extends Model<M> implements MLWritable {
    private static final long serialVersionUID = 1L;

    static final String RUN_YAML = "run.yaml";
    /** Temporary column with the predicted structure. */
    private static final String PREDICTED = "_spark_finetune_predicted";
    /** Temporary column with the person of {@code data.redact.person}, or null. */
    static final String PERSON = "_spark_finetune_person";

    private final String uid;
    private final Param<String> predictionCol;
    private final Param<String> outputCol;
    private final IntParam batchSize;
    /** Name of the loaded model on the executors; copies share it. */
    private String modelName = UUID.randomUUID().toString();

    private RunConfig run;

    /** @param output content of {@code outputCol} */
    TrainedModel(String uid, String output) {
        // Params read the uid when they are created.
        this.uid = uid;
        predictionCol = new Param<>(this, "predictionCol", "column of the prediction; empty: none");
        outputCol = new Param<>(this, "outputCol", "column of " + output + "; empty: none");
        batchSize = new IntParam(this, "batchSize", "rows in a batch");
        setDefault(predictionCol, "prediction");
        setDefault(outputCol, "");
    }

    @Override
    public final String uid() {
        return uid;
    }

    public final Param<String> predictionCol() {
        return predictionCol;
    }

    public final Param<String> outputCol() {
        return outputCol;
    }

    public final IntParam batchSize() {
        return batchSize;
    }

    public final M setPredictionCol(String value) {
        return with(predictionCol, value);
    }

    public final M setOutputCol(String value) {
        return with(outputCol, value);
    }

    public final M setBatchSize(int value) {
        return with(batchSize, value);
    }

    @SuppressWarnings("unchecked")
    final <T> M with(Param<T> param, T value) {
        set(param, value);
        return (M) this;
    }

    /** Returns the run that trained the model, with absolute paths. */
    final RunConfig run() {
        if (run == null) {
            throw new IllegalStateException(uid + " has no model: load it, or fit one");
        }
        return run;
    }

    /**
     * Returns the folder of the run that trained the model. Its subfolder {@code model} can be loaded by
     * {@code transformers} or {@code peft}.
     */
    public final String runDir() {
        return run().output().dir();
    }

    /** Returns the names of the labels by their ids. */
    final List<String> labelsOfModel() {
        try {
            HfConfig trained = HfConfig.read(
                    new Path(run().output().model()),
                    SparkSession.active().sparkContext().hadoopConfiguration());
            return TaskSpecs.of(run()).labels(trained).names();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Measures the model on labelled rows, as {@code finetune evaluate --input} does: by the metrics of the model's
     * task, with equal rows counted each. The label's column has the name it had in training.
     *
     * @return metrics by their names in {@code metrics.json}
     * @throws RunException if a column is missing, a row has a label that the model does not have, or too many rows
     *     cannot be used
     */
    public final Map<String, Double> evaluate(Dataset<?> dataset) {
        try {
            Map<String, Double> metrics = new LinkedHashMap<>();
            JsonFiles.MAPPER
                    .readTree(evaluated(dataset))
                    .path("test")
                    .fields()
                    .forEachRemaining(metric ->
                            metrics.put(metric.getKey(), metric.getValue().asDouble(Double.NaN)));
            return metrics;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Measures the model as {@link #evaluate} does, and returns {@code metrics.json}, with a confusion matrix. */
    public final String evaluated(Dataset<?> dataset) {
        Map<String, Column> inputs = inputs(dataset.schema());
        Stream<Column> others = Arrays.stream(dataset.columns())
                .filter(name -> !inputs.containsKey(name))
                .map(Columns::named);
        Stream<Column> named =
                inputs.entrySet().stream().map(input -> input.getValue().as(input.getKey()));
        Dataset<Row> rows = labelled(dataset.select(Stream.concat(others, named).toArray(Column[]::new)));
        String view = "evaluated_" + NamedRows.name(rows);
        rows.createOrReplaceTempView(view);
        try {
            String folder = "evaluations/" + view;
            SessionRun run = SessionRun.of(dataset.sparkSession(), run());
            run.step("evaluate", Map.of("input", "table:" + view, "output", runDir() + "/" + folder));
            return run.file(folder + "/" + RunFolder.METRICS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            dataset.sparkSession().catalog().dropTempView(view);
        }
    }

    /** Returns rows with the labels as the run's {@code data} section reads them. */
    Dataset<Row> labelled(Dataset<Row> rows) {
        return rows;
    }

    @SuppressWarnings("unchecked")
    final M of(RunConfig trained) {
        run = trained;
        return (M) this;
    }

    /**
     * Sets the model in the folder of a run, such as a folder of {@code finetune run}.
     *
     * @throws RunException if the folder has no model, or a model for another task
     */
    final M of(String folder) {
        RunConfig trained = trained(folder);
        if (!TaskStages.loads(getClass(), trained.task())) {
            throw RunException.config(folder + " holds a model that "
                    + getClass().getSimpleName()
                    + " cannot load (" + RunSettings.setting("task", trained.task())
                    + "): load it with the class of"
                    + " its task");
        }
        return of(trained);
    }

    /**
     * Returns the model in the folder of a run, such as a folder of {@code finetune run}, in the class of its task.
     *
     * @throws RunException if the folder has no model
     */
    public static TrainedModel<?> ofRun(String outputDir) {
        return TaskStages.newModel(trained(outputDir).task()).of(outputDir);
    }

    /** Returns the run of a folder that may have been moved. */
    private static RunConfig trained(String folder) {
        Configuration hadoop = SparkSession.active().sparkContext().hadoopConfiguration();
        Path yaml = new Path(folder, RUN_YAML);
        try {
            FileSystem files = yaml.getFileSystem(hadoop);
            String dir = files.makeQualified(new Path(folder)).toString();
            List<String> moved = new ArrayList<>(List.of(RunSettings.setting("output.dir", dir)));
            String text = HadoopFiles.readText(files, yaml);
            RunConfig trained = RunConfigLoader.parse(text, yaml.toString(), moved);
            if (!trained.method().isLora()) {
                // The folder contains all files that the model needs.
                moved.add(RunSettings.setting("model", dir + "/" + FolderWriter.MODEL));
                trained = RunConfigLoader.parse(text, yaml.toString(), moved);
            }
            return trained;
        } catch (FileNotFoundException e) {
            throw RunException.data(
                    folder + " has no " + RUN_YAML + ": name the folder of a run, or of a saved model", e);
        } catch (IOException e) {
            throw new UncheckedIOException(yaml + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the columns that are read, by their names in the run.
     *
     * @throws RunException if a column does not exist or has another type
     */
    abstract Map<String, Column> inputs(StructType schema);

    /** Returns the parameters that change how the run predicts, by key. */
    Map<String, Param<?>> settings() {
        return Map.of("training.per_device_eval_batch_size", batchSize);
    }

    /**
     * Returns the columns that are added.
     *
     * @param predicted structure of {@code TaskSpec.predictionRows}
     */
    abstract Outputs outputs(Column predicted);

    /** Returns the columns that are added when each row has the model of its group. */
    Outputs outputsOfGroups(Column predicted) {
        return outputs(predicted);
    }

    @Override
    public final Dataset<Row> transform(Dataset<?> dataset) {
        return transform(
                dataset,
                (inputs, predicting, name) -> FramePredictions.of(dataset, predicting, inputs, name, PREDICTED),
                this::outputs);
    }

    /** Adds the columns, with the models of groups in place of this one. */
    final Dataset<Row> transform(Dataset<?> dataset, FramePredictions.Groups groups) {
        return transform(
                dataset,
                (inputs, predicting, name) ->
                        FramePredictions.perGroup(dataset, predicting, inputs, groups, name, PREDICTED),
                this::outputsOfGroups);
    }

    private interface Predictions {
        Dataset<Row> of(Map<String, Column> inputs, RunConfig predicting, String name);
    }

    private Dataset<Row> transform(Dataset<?> dataset, Predictions predictions, Function<Column, Outputs> outputs) {
        transformSchema(dataset.schema());
        List<String> set = new ArrayList<>();
        settings().forEach((key, param) -> {
            if (isDefined(param)) {
                set.add(RunSettings.setting(key, getOrDefault(param)));
            }
        });
        RunConfig predicting = RunConfigLoader.parse(RunConfigLoader.toYaml(run()), uid, set);
        // A loaded model keeps the settings with which it was loaded.
        String name = modelName + " " + set;
        Dataset<Row> predicted = predictions.of(inputs(dataset.schema()), predicting, name);
        Dataset<Row> withPerson = predicted.withColumn(
                PERSON, Columns.person(predicted, run().data().redact().person()));
        return outputs.apply(col(PREDICTED)).columns(withPerson).drop(PREDICTED, PERSON);
    }

    @Override
    public final StructType transformSchema(StructType schema) {
        inputs(schema);
        return outputs(col(PREDICTED)).schema(schema);
    }

    @Override
    public final M copy(ParamMap extra) {
        M copy = this.<M>defaultCopy(extra);
        copy.of(run);
        ((TrainedModel<M>) copy).modelName = modelName;
        return copy.setParent(parent());
    }

    @Override
    public final MLWriter write() {
        return new FolderWriter(
                this, run().output().model(), file -> true, Map.of(RUN_YAML, RunConfigLoader.toYaml(run())));
    }
}
