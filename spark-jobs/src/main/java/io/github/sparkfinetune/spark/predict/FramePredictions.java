package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Predictions of a trained model for the rows of a DataFrame, added to their columns, for batches and streams. Rows
 * stay in their order and partitions, and are computed lazily.
 */
public final class FramePredictions {
    private FramePredictions() {}

    /**
     * Returns the type of the column that {@link #of} adds.
     *
     * @param config configuration of a run
     */
    public static StructType type(RunConfig config) {
        return Rows.schema(TaskSpecs.of(config).predictionColumns());
    }

    /**
     * Adds a column of structures with the fields of {@code TaskSpec.predictionColumns}. For a row that cannot be used,
     * the field {@code error} holds the reason. The column {@code data.redact.person} is read if it exists.
     *
     * @param config configuration of the run whose model predicts, with absolute paths
     * @param inputs columns to read, by their names in the {@code data} section or in the task
     * @param model name of the loaded model: tasks of one JVM with the same name share the model
     * @param column name of the new column
     * @throws RunException if a needed column does not exist, or the model cannot be used
     */
    public static Dataset<Row> of(
            Dataset<?> frame, RunConfig config, Map<String, Column> inputs, String model, String column) {
        SparkSession session = frame.sparkSession();
        SparkSessions.requireSerializer(session);
        try {
            TokenizerFiles tokenizer =
                    PrepareJob.tokenizer(config, session.sparkContext().hadoopConfiguration());
            ModelTask opener = ModelTask.ofFrame(session.sparkContext(), config, model);
            return FrameRows.with(
                    frame.toDF(),
                    TaskDatas.of(config),
                    tokenizer,
                    inputs,
                    Columns.person(frame.toDF(), config.data().redact().person()),
                    EntityModels.of(session.sparkContext(), config.data().redact()),
                    new Predicting(opener),
                    new StructField(column, type(config), false, Metadata.empty()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Predicting(ModelTask model) implements FrameRows.Step {
        @Override
        public Iterator<Object[]> open(Iterator<TaskInput> inputs) throws Exception {
            TaskContext task = TaskContext.get();
            ComputeTurn.take(task, model.placement().gpu(task));
            return ComputingTasks.rows(task, model.open().predict(inputs));
        }

        @Override
        public Object value(Object[] row) {
            return Rows.row(row);
        }
    }
}
