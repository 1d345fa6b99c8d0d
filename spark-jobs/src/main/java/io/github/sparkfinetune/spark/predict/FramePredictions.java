package io.github.sparkfinetune.spark.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What a trained model predicts of the rows of a DataFrame, beside all their columns: for batches and for streams. Rows
 * stay in their order and partitions, and are computed when they are asked for.
 */
public final class FramePredictions {
    private FramePredictions() {}

    /**
     * The type of the column that {@link #of} adds.
     *
     * @param config of a run
     */
    public static StructType type(RunConfig config) {
        return Rows.schema(TaskSpecs.of(config).predictionColumns());
    }

    /**
     * Adds a column of structures, with the fields of {@code TaskSpec.predictionColumns}; of a row that cannot be used
     * its field {@code error} says why.
     *
     * @param config of the run whose model predicts, with absolute paths; its {@code data} section names the columns
     * @param model names the loaded model: tasks of one JVM that ask for the same one share it
     * @param column the new one's name
     * @throws RunException if a column that is needed is not there, or the model can not be used
     */
    public static Dataset<Row> of(Dataset<?> frame, RunConfig config, String model, String column) {
        SparkSession session = frame.sparkSession();
        SparkSessions.requireSerializer(session);
        try {
            TokenizerFiles tokenizer =
                    PrepareJob.tokenizer(config, session.sparkContext().hadoopConfiguration());
            return of(frame.toDF(), config, TaskDatas.of(config), tokenizer, model, column);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <C> Dataset<Row> of(
            Dataset<Row> frame,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            String model,
            String column) {
        SparkSession session = frame.sparkSession();
        Reading<C> reading = task.reading(new FrameSource(List.of(frame.columns())), tokenizer, false);
        Stream<Column> values = reading instanceof Reading.Texts<C> texts
                ? texts.columns().stream().map(one -> text(frame, one.name()))
                : Stream.of(json(((Reading.JsonObjects<C>) reading).columns()));
        List<Column> selected = new ArrayList<>();
        selected.add(struct(col("*")));
        values.forEach(selected::add);
        Broadcast<TokenizerFiles> files =
                JavaSparkContext.fromSparkContext(session.sparkContext()).broadcast(tokenizer);
        ModelTask opener = ModelTask.ofFrame(session.sparkContext(), config, model);
        StructType schema = frame.schema().add(column, type(config), false);
        return frame.select(selected.toArray(Column[]::new))
                .mapPartitions(new Predicting<>(opener, task, reading.cleaner(), files), Encoders.row(schema));
    }

    private static Column text(Dataset<Row> frame, String name) {
        DataType type = frame.schema().apply(name).dataType();
        return type instanceof ArrayType ? to_json(quoted(name)) : quoted(name).cast(DataTypes.StringType);
    }

    private static Column json(List<String> names) {
        return to_json(struct(names.stream().map(FramePredictions::quoted).toArray(Column[]::new)));
    }

    /** A column by its whole name: a dot in it is no path into a struct. */
    private static Column quoted(String name) {
        return col("`" + name.replace("`", "``") + "`");
    }

    private record Predicting<C>(
            ModelTask model, TaskData<C> task, RowCleaner.Factory<C> cleaner, Broadcast<TokenizerFiles> files)
            implements MapPartitionsFunction<Row, Row> {
        @Override
        public Iterator<Row> call(Iterator<Row> rows) throws Exception {
            if (!rows.hasNext()) {
                return Collections.emptyIterator();
            }
            ComputeTurn.take(TaskContext.get());
            Waiting<C> waiting = new Waiting<>(rows, cleaner.open());
            Iterator<TaskInput> inputs =
                    TokenizingIterator.of(files.value(), waiting, tokenizer -> task.inputs(tokenizer, files.value()));
            Iterator<Object[]> predicted = model.open().predict(new Numbered(inputs));
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return predicted.hasNext();
                }

                @Override
                public Row next() {
                    Object[] prediction = predicted.next();
                    return waiting.with((Long) prediction[0], Rows.row(prediction));
                }
            };
        }
    }

    /** Cleans rows and keeps them until their predictions come, which may be several batches later. */
    private static final class Waiting<C> implements Iterator<CleanRow<C>> {
        private final Iterator<Row> rows;
        private final RowCleaner<C> cleaner;
        private final Map<Long, Row> waiting = new HashMap<>();
        private long read;

        Waiting(Iterator<Row> rows, RowCleaner<C> cleaner) {
            this.rows = rows;
            this.cleaner = cleaner;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public CleanRow<C> next() {
            Row row = rows.next();
            waiting.put(read++, row.getStruct(0));
            return cleaner.clean(new FrameSource.Values(row));
        }

        Row with(long number, Row prediction) {
            Row row = waiting.remove(number);
            Object[] values = new Object[row.length() + 1];
            for (int i = 0; i < row.length(); i++) {
                values[i] = row.get(i);
            }
            values[row.length()] = prediction;
            return RowFactory.create(values);
        }
    }

    /** Inputs by their places in the partition: one a row. */
    private static final class Numbered implements Iterator<TaskInput> {
        private final Iterator<TaskInput> inputs;
        private long next;

        Numbered(Iterator<TaskInput> inputs) {
            this.inputs = inputs;
        }

        @Override
        public boolean hasNext() {
            return inputs.hasNext();
        }

        @Override
        public TaskInput next() {
            return inputs.next().at(next++);
        }
    }
}
