package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.model.ComputeTurn;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.row.Rows;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
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
        return Rows.schema(TaskSpecs.of(config).predictionRows());
    }

    /**
     * Adds a column of structures with the fields of {@code TaskSpec.predictionRows}. For a row that cannot be used,
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
        return with(
                frame,
                config,
                inputs,
                functions.lit(null),
                column,
                new Predicting(ModelTask.ofFrame(frame.sparkSession().sparkContext(), config, model)));
    }

    /**
     * Groups of rows, each with a model.
     *
     * @param name name of the column of the groups, for messages
     * @param value column of the rows' groups
     * @param folders output folders of the groups' runs, by group
     */
    public record Groups(String name, Column value, Map<String, String> folders) {}

    /**
     * Adds the predictions of the models of groups, as {@link #of} does for one model. For a row whose group has no
     * model, {@code error} says so. Adapters of one base model share its weights.
     *
     * @param config configuration of the groups' runs, with absolute paths
     * @param model name of the loaded models, as for {@link #of}
     */
    public static Dataset<Row> perGroup(
            Dataset<?> frame,
            RunConfig config,
            Map<String, Column> inputs,
            Groups groups,
            String model,
            String column) {
        ModelTask opener = ModelTask.ofFrame(frame.sparkSession().sparkContext(), config, model);
        return with(
                frame,
                config,
                inputs,
                groups.value(),
                column,
                new PredictingGroups(opener, groups.name(), new TreeMap<>(groups.folders())));
    }

    private static Dataset<Row> with(
            Dataset<?> frame,
            RunConfig config,
            Map<String, Column> inputs,
            Column group,
            String column,
            FrameRows.Step step) {
        SparkSession session = frame.sparkSession();
        SparkSessions.requireSerializer(session);
        try {
            TokenizerFiles tokenizer =
                    PrepareJob.tokenizer(config, session.sparkContext().hadoopConfiguration());
            return FrameRows.with(
                    frame.toDF(),
                    TaskDatas.of(config),
                    tokenizer,
                    inputs,
                    Columns.person(frame.toDF(), config.data().redact().person()),
                    group,
                    EntityModels.of(session.sparkContext(), config.data().redact()),
                    step,
                    new StructField(column, type(config), false, Metadata.empty()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Iterator<FrameRows.Made> made(RunConfig config, Iterator<? extends PredictedRow> predicted) {
        RowType<?> type = TaskSpecs.of(config).predictionRows();
        return FrameRows.each(predicted, row -> new FrameRows.Made(row.index(), Rows.row(type, row)));
    }

    private record Predicting(ModelTask model) implements FrameRows.Step {
        @Override
        public Iterator<FrameRows.Made> open(Iterator<TaskInput> inputs, LongFunction<String> group) throws Exception {
            TaskContext task = TaskContext.get();
            ComputeTurn.take(task, model.placement().gpu(task));
            return ComputingTasks.rows(task, made(model.config(), model.open().predict(inputs)));
        }
    }

    /**
     * @param any model of any group
     * @param column column of the groups
     * @param folders output folders by group
     */
    private record PredictingGroups(ModelTask any, String column, TreeMap<String, String> folders)
            implements FrameRows.Step {
        @Override
        public Iterator<FrameRows.Made> open(Iterator<TaskInput> inputs, LongFunction<String> group) {
            TaskContext task = TaskContext.get();
            ComputeTurn.take(task, any.placement().gpu(task));
            return ComputingTasks.rows(
                    task,
                    made(
                            any.config(),
                            new GroupedPredictions(
                                    inputs,
                                    group,
                                    new OfGroups(this, new HashMap<>()),
                                    TaskSpecs.of(any.config()).predictionRows())));
        }
    }

    /**
     * Models of the groups in a task.
     *
     * @param opened models of the groups that the task has seen
     */
    private record OfGroups(PredictingGroups groups, Map<String, ModelTask> opened)
            implements GroupedPredictions.Models {

        @Override
        public boolean has(String group) {
            return groups.folders().containsKey(group);
        }

        @Override
        public List<PredictedRow> predict(String group, List<TaskInput> inputs) throws Exception {
            return opened.computeIfAbsent(
                            group, name -> groups.any().in(groups.folders().get(name)))
                    .predict(inputs);
        }

        @Override
        public String missing(String group) {
            return group == null
                    ? "the row has no " + groups.column()
                    : "there is no model for " + groups.column() + " " + group;
        }
    }
}
