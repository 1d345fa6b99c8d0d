package io.github.sparkfinetune.spark.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.entity.EntityModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;

/** Hashes of the cleaned texts of a DataFrame's rows, by which they are found in a dataset. */
public final class FrameHashes {
    private FrameHashes() {}

    /**
     * Adds a column with the {@link io.github.sparkfinetune.data.task.ContentHash} of each row's cleaned texts, as
     * hexadecimal digits; null for a row that cannot be used.
     *
     * @param task task that reads the rows without labels, and does not redact
     * @param inputs columns that the task reads, by the task's names
     * @param column name of the new column
     */
    public static <C> Dataset<Row> with(
            Dataset<Row> frame, TaskData<C> task, TokenizerFiles tokenizer, Map<String, Column> inputs, String column) {
        Reading<C> reading = task.reading(new FrameSource(List.copyOf(inputs.keySet())), tokenizer, false);
        List<Column> selected = new ArrayList<>(List.of(struct(col("*"))));
        selected.addAll(FrameRows.values(frame, reading, inputs));
        selected.add(lit(null).cast(DataTypes.StringType));
        return frame.select(selected.toArray(Column[]::new))
                .mapPartitions(
                        hashing(reading.cleaner()), Encoders.row(frame.schema().add(column, DataTypes.StringType)));
    }

    private static <C> MapPartitionsFunction<Row, Row> hashing(RowCleaner.Factory<C> cleaners) {
        return rows -> {
            RowCleaner<C> cleaner = cleaners.open(EntityModels.NONE.open());
            return FrameRows.each(rows, row -> {
                FrameSource.Values values = new FrameSource.Values(row);
                CleanRow<C> clean = cleaner.clean(values);
                Row original = values.original();
                Object[] all = new Object[original.length() + 1];
                Arrays.setAll(all, i -> i < original.length() ? original.get(i) : null);
                all[original.length()] =
                        clean.badBecause() == null ? clean.hash().toHex() : null;
                return RowFactory.create(all);
            });
        };
    }
}
