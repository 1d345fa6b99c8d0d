package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.util.Collections;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Predicts raw rows with a trained model: labels of texts, or answers to prompts, read, cleaned and tokenized as for
 * training, written as Parquet in the order of the source. No row passes through the driver.
 *
 * <p>The columns stand at {@link TaskSpec#predictionColumns}.
 */
public final class PredictJob {
    private PredictJob() {}

    /**
     * Predicts every row of {@code input} by the model in the output folder.
     *
     * @param config its {@code data} section says how the input is read
     * @param key configuration key of the input's path, for messages
     * @param input file, folder or glob, in the format of {@code data.format}
     * @param output folder of the Parquet files; must not exist
     * @throws RunException if the input, the model or the output can not be used
     */
    public static void run(SparkSession session, RunConfig config, String key, String input, String output) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        String from = RunPaths.absolute(key, input, hadoop);
        String to = RunPaths.absolute("output", output, hadoop);
        try {
            Path target = new Path(to);
            FileSystem files = target.getFileSystem(hadoop);
            if (files.exists(target)) {
                throw RunException.config(to + " exists already: choose another output, or delete it");
            }
            Predictor.check(resolved, hadoop);
            int tasks = resolved.cluster().ranks();
            ModelTask model = ModelTask.of(spark, resolved, ModelTask.Which.TRAINED, ModelTask.newCommand(), tasks);
            JavaRDD<Row> predicted = PrepareJob.inputs(session, resolved, key, from, tasks)
                    .mapPartitions(new Predicting(model))
                    .map(Rows::row);
            StructType schema = Rows.schema(TaskSpecs.of(resolved).predictionColumns());
            session.createDataFrame(model.placement().place(predicted.rdd()).toJavaRDD(), schema)
                    .write()
                    .mode(SaveMode.ErrorIfExists)
                    .parquet(to);
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw Errors.explain("the prediction of " + from, e);
        }
    }

    private record Predicting(ModelTask model) implements FlatMapFunction<Iterator<TaskInput>, Object[]> {
        @Override
        public Iterator<Object[]> call(Iterator<TaskInput> inputs) throws Exception {
            return inputs.hasNext() ? model.open().predict(inputs) : Collections.emptyIterator();
        }
    }
}
