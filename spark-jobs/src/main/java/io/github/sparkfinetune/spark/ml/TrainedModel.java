package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * A fine-tuned model as a Transformer of Spark ML. It is a run's folder: saved, a Hugging Face folder (or a PEFT
 * adapter) and JSON. Executors load it when the first row is asked for, once a JVM.
 *
 * @param <M> the subclass
 */
public abstract class TrainedModel<M extends TrainedModel<M>> extends Model<M> implements MLWritable {
    private static final long serialVersionUID = 1L;

    static final String RUN_YAML = "run.yaml";
    /** The predicted structure, while the columns are made of it. */
    private static final String PREDICTED = "_spark_finetune_predicted";

    private final String uid;
    private final Param<String> predictionCol;
    /** Names what executors have loaded; the same for copies. */
    private String loaded = UUID.randomUUID().toString();

    private RunConfig run;

    TrainedModel(String uid) {
        this.uid = uid;
        predictionCol = new Param<>(this, "predictionCol", "column of what the model says; empty: none");
        setDefault(predictionCol, "prediction");
    }

    @Override
    public final String uid() {
        return uid;
    }

    public final Param<String> predictionCol() {
        return predictionCol;
    }

    public final M setPredictionCol(String value) {
        return with(predictionCol, value);
    }

    @SuppressWarnings("unchecked")
    final <T> M with(Param<T> param, T value) {
        set(param, value);
        return (M) this;
    }

    /** The run that trained it, with absolute paths. */
    final RunConfig run() {
        if (run == null) {
            throw new IllegalStateException(uid + " has no model: load it, or fit one");
        }
        return run;
    }

    /**
     * The folder of the run that trained it; {@code model} in it is what {@code transformers} or {@code peft} loads.
     */
    public final String runDir() {
        return run().output().dir();
    }

    @SuppressWarnings("unchecked")
    final M of(RunConfig trained) {
        run = trained;
        return (M) this;
    }

    /**
     * The model of a folder of a run, such as {@code finetune run} leaves.
     *
     * @throws RunException if there is none
     */
    final M of(String folder, Configuration hadoop) {
        Path yaml = new Path(folder, RUN_YAML);
        try {
            FileSystem files = yaml.getFileSystem(hadoop);
            String dir = files.makeQualified(new Path(folder)).toString();
            List<String> moved = new ArrayList<>(List.of(Trainer.setting("output.dir", dir)));
            String text = HadoopFiles.readText(files, yaml);
            RunConfig trained = RunConfigLoader.parse(text, yaml.toString(), moved);
            if (!trained.method().isLora()) {
                // All that is needed lies in its own folder.
                moved.add(Trainer.setting("model", dir + "/model"));
                trained = RunConfigLoader.parse(text, yaml.toString(), moved);
            }
            return of(trained);
        } catch (FileNotFoundException e) {
            throw RunException.data(
                    folder + " has no " + RUN_YAML + ": name the folder of a run, or of a saved model", e);
        } catch (IOException e) {
            throw new UncheckedIOException(yaml + " can not be read: " + e.getMessage(), e);
        }
    }

    /** Adds the model's columns to rows with the structure that it predicted. */
    abstract Dataset<Row> columns(Dataset<Row> predicted, String structure);

    /** The run's configuration with the names of the columns that are read. */
    abstract RunConfig reading(RunConfig trained);

    @Override
    public final Dataset<Row> transform(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        Dataset<Row> predicted = FramePredictions.of(dataset, reading(run()), loaded, PREDICTED);
        return columns(predicted, PREDICTED).drop(PREDICTED);
    }

    /** A new one of the subclass with this uid. */
    abstract M another();

    @Override
    public final M copy(ParamMap extra) {
        M copy = another();
        copy.of(run);
        ((TrainedModel<M>) copy).loaded = loaded;
        return copyValues(copy, extra).setParent(parent());
    }

    @Override
    public final MLWriter write() {
        return new ModelWriter(this);
    }
}
