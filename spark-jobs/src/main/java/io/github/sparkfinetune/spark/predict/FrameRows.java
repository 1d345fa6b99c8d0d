package io.github.sparkfinetune.spark.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.prepare.NumberedInputs;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import io.github.sparkfinetune.spark.row.Rows;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Rows of a DataFrame, cleaned and tokenized as a task does it, with a result in an additional column, for batches and
 * streams. Rows stay in their order and partitions, and are computed lazily. Only the rows that wait for their batch
 * are held in memory.
 */
final class FrameRows {
    /** Columns of a row that waits: the original row, and its group. */
    private static final String ROW = "row";

    private static final String GROUP = "group";

    private FrameRows() {}

    /** Computation on the inputs of a partition. */
    interface Step extends Serializable {
        /**
         * Starts the computation in a task.
         *
         * @param group returns the group of an input's row by the index of the input, until the input's row is
         *     returned; null for a row without a group
         * @return one value per input, in order
         */
        Iterator<Made> open(Iterator<TaskInput> inputs, LongFunction<String> group) throws Exception;
    }

    /**
     * Value of the new column.
     *
     * @param index index of the row's input
     */
    record Made(long index, Object value) {}

    /**
     * Adds a column.
     *
     * @param task task of the rows
     * @param inputs columns that the task reads, by the task's names
     * @param person column of a row's person, see {@link Columns#person}
     * @param group column of a row's group; a null literal if rows have no groups
     * @param entities model of {@code data.redact}
     * @param added new column
     * @throws RunException if a column that the task needs does not exist
     */
    static <C> Dataset<Row> with(
            Dataset<Row> frame,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            Map<String, Column> inputs,
            Column person,
            Column group,
            EntityModels entities,
            Step step,
            StructField added) {
        Reading<C> reading = task.reading(new FrameSource(List.copyOf(inputs.keySet())), tokenizer, false);
        List<Column> selected = new ArrayList<>();
        selected.add(struct(
                struct(col("*")).as(ROW), group.cast(DataTypes.StringType).as(GROUP)));
        selected.addAll(values(frame, reading, inputs));
        selected.add(person);
        Broadcast<TokenizerFiles> files = JavaSparkContext.fromSparkContext(
                        frame.sparkSession().sparkContext())
                .broadcast(tokenizer);
        return frame.select(selected.toArray(Column[]::new))
                .mapPartitions(
                        new Making<>(step, task, reading.cleaner(), entities, files),
                        Encoders.row(frame.schema().add(added)));
    }

    /** Returns values that are made of others, one by one. */
    static <T, R> Iterator<R> each(Iterator<T> others, Function<T, R> function) {
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(others, 0), false)
                .map(function)
                .iterator();
    }

    /** Returns the columns that a task reads, as texts. */
    static <C> List<Column> values(Dataset<Row> frame, Reading<C> reading, Map<String, Column> inputs) {
        return reading instanceof Reading.Texts<C> texts
                ? texts.columns().stream()
                        .map(one -> text(frame, input(inputs, one)))
                        .toList()
                : List.of(json(((Reading.JsonObjects<C>) reading).columns(), inputs));
    }

    private static Column input(Map<String, Column> inputs, Reading.Column needed) {
        Column value = inputs.get(needed.name());
        if (value == null) {
            throw RunException.config(needed.key() + ": the DataFrame has no column " + needed.name() + ", it has "
                    + String.join(", ", inputs.keySet()));
        }
        return value;
    }

    private static Column text(Dataset<Row> frame, Column value) {
        boolean list = frame.select(value).schema().apply(0).dataType() instanceof ArrayType;
        return list ? to_json(value) : value.cast(DataTypes.StringType);
    }

    private static Column json(List<String> names, Map<String, Column> inputs) {
        return to_json(
                struct(names.stream().map(name -> inputs.get(name).as(name)).toArray(Column[]::new)));
    }

    private record Making<C>(
            Step step,
            TaskData<C> task,
            RowCleaner.Factory<C> cleaner,
            EntityModels entities,
            Broadcast<TokenizerFiles> files)
            implements MapPartitionsFunction<Row, Row> {
        @Override
        public Iterator<Row> call(Iterator<Row> rows) throws Exception {
            if (!rows.hasNext()) {
                return Collections.emptyIterator();
            }
            Waiting<C> waiting = new Waiting<>(rows, cleaner, entities.open());
            Iterator<TaskInput> inputs =
                    TokenizingIterator.of(files.value(), waiting, tokenizer -> task.inputs(tokenizer, files.value()));
            Iterator<Made> made = step.open(new NumberedInputs(inputs, 0), waiting::group);
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return made.hasNext();
                }

                @Override
                public Row next() {
                    Made value = made.next();
                    return waiting.with(value.index(), value.value());
                }
            };
        }
    }

    /** Cleans rows and holds them until their predictions come, which may be several batches later. */
    private static final class Waiting<C> implements Iterator<CleanRow<C>> {
        private final Iterator<Row> rows;
        private final RowCleaner<C> cleaner;
        /** Rows with their groups, by number. */
        private final Map<Long, Row> waiting = new HashMap<>();

        private long read;

        Waiting(Iterator<Row> rows, RowCleaner.Factory<C> cleaners, ModelSpans byModel) {
            this.cleaner = cleaners.open(byModel);
            this.rows = byModel.ahead(rows, row -> cleaner.clean(new FrameSource.Values(row)));
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public CleanRow<C> next() {
            FrameSource.Values row = new FrameSource.Values(rows.next());
            waiting.put(read++, row.original());
            return cleaner.clean(row);
        }

        String group(long number) {
            return waiting.get(number).getAs(GROUP);
        }

        Row with(long number, Object value) {
            return Rows.with(waiting.remove(number).getAs(ROW), value);
        }
    }
}
