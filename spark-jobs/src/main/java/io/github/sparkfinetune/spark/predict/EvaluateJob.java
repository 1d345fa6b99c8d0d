package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ParquetSamples;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Measures a trained model on a split that it was not trained on. As many tasks as there are ranks compute it; what a
 * task predicts goes straight into {@code predictions.parquet} in the output folder, and the counts are added up from
 * there by Spark, so that the driver sees a few rows. The columns stand at {@link LabelEvaluation} and
 * {@link TextEvaluation}.
 */
public final class EvaluateJob {
    /** The trained model's predictions, in the output folder. */
    static final String PREDICTIONS = "predictions.parquet";
    /** The base model's. */
    static final String BASE_PREDICTIONS = "base-predictions.parquet";

    private EvaluateJob() {}

    /**
     * Evaluates the model in the output folder on the test split, or where the dataset has none on the evaluation
     * split.
     *
     * @throws RunException if there is no trained model, no such split, or they do not fit each other
     */
    public static Scores run(SparkSession session, RunConfig config) {
        SparkContext spark = session.sparkContext();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration());
        Path dataset = new Path(resolved.dataset());
        try {
            Manifest manifest = Manifest.read(dataset, spark.hadoopConfiguration());
            if (manifest.task() != resolved.task()) {
                throw RunException.data(dataset + " was prepared for task " + manifest.task() + ", this run's is "
                        + resolved.task() + ": use the dataset that the model was trained on");
            }
            Predictor.check(resolved, spark.hadoopConfiguration());
            String split = heldOut(manifest, dataset);
            return resolved.task().generates()
                    ? TextEvaluation.run(session, resolved, manifest, split)
                    : LabelEvaluation.run(session, resolved, manifest, split);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw Errors.explain("the evaluation", e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    private static String heldOut(Manifest manifest, Path dataset) {
        for (String split : List.of(Manifest.TEST, Manifest.EVAL)) {
            if (manifest.splits().containsKey(split)) {
                return split;
            }
        }
        throw RunException.config(dataset + " has neither test nor eval rows to evaluate on: set data.test_fraction"
                + " and prepare it again");
    }

    /** How many tasks measure a split. */
    static int tasks(RunConfig config, long rows) {
        return (int) Math.min(config.cluster().ranks(), rows);
    }

    /** Opens the run's samples in a task; they are closed when the task ends. */
    static ParquetSamples open(ModelTask model, Manifest manifest, String split) throws IOException {
        ParquetSamples samples =
                ParquetSamples.open(new Path(model.config().dataset()), manifest, split, model.hadoop());
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> samples.close());
        return samples;
    }

    /**
     * Computes rows by tasks that are given their numbers, and writes them.
     *
     * @param name of the Parquet folder in the output folder
     * @return what was written
     */
    static Dataset<Row> write(
            SparkSession session,
            ModelTask model,
            int tasks,
            FlatMapFunction<Iterator<Integer>, Row> task,
            StructType schema,
            String name) {
        session.sparkContext().setJobDescription("evaluate: " + name);
        String folder = model.config().output().dir() + "/" + name;
        JavaRDD<Row> rows = new JavaSparkContext(session.sparkContext())
                .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                .mapPartitions(task);
        session.createDataFrame(model.placement().place(rows.rdd()).toJavaRDD(), schema)
                .write()
                .mode(SaveMode.Overwrite)
                .parquet(folder);
        return session.read().schema(schema).parquet(folder);
    }
}
