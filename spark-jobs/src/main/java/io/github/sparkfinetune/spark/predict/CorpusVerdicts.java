package io.github.sparkfinetune.spark.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.map_from_entries;
import static org.apache.spark.sql.functions.struct;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.corpus.CorpusCleaner;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.spark.row.Rows;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Decisions of {@code data.corpus} about each document of a DataFrame alone, without a prepared dataset. */
public final class CorpusVerdicts {
    private static final String BASE =
            "{model: none, task: causal-lm, data: {train: 'table:none'}, output: {dir: none}}";

    private static final String MASKED = "masked";
    /** Entry of a map, because maps differ between the versions of Scala. */
    private static final StructType COUNT =
            new StructType().add("kind", DataTypes.StringType, false).add("count", DataTypes.IntegerType, false);

    private CorpusVerdicts() {}

    /**
     * Adds three columns to each row. {@code cleaned_text} is the text that training would use, or null if nothing is
     * left. {@code dropped_because} is the key of the rule below {@code data.corpus}, or another reason that a manifest
     * counts rows by; it is null if the row is kept. {@code masked} counts the placeholders in the text by kind.
     *
     * @param column column of the text
     * @param settings settings of {@code data.corpus}, in the form of {@code --set}
     * @throws RunException if a setting is wrong, or the column does not exist
     */
    public static Dataset<Row> of(Dataset<Row> frame, String column, List<String> settings) {
        RunConfig run = RunConfigLoader.parse(BASE, "data.corpus", settings);
        if (!List.of(frame.columns()).contains(column)) {
            throw RunException.config(
                    "the DataFrame has no column " + column + ": it has " + String.join(", ", frame.columns()));
        }
        StructType schema = frame.schema()
                .add("cleaned_text", DataTypes.StringType)
                .add("dropped_because", DataTypes.StringType)
                .add(MASKED, DataTypes.createArrayType(COUNT, false), false);
        return frame.select(struct(col("*")), Columns.named(column).cast(DataTypes.StringType))
                .mapPartitions(new Judging(run.data().maxTextBytes(), run.data().corpus()), Encoders.row(schema))
                .withColumn(MASKED, map_from_entries(col(MASKED)));
    }

    private record Judging(int maxTextBytes, CorpusConfig corpus) implements MapPartitionsFunction<Row, Row> {
        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            RowCleaner<TextRows.Content> cleaner = new TextRows(
                            TextCleaning.plain(maxTextBytes), false, null, null, corpus, true)
                    .open(ModelSpans.none());
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return rows.hasNext();
                }

                @Override
                public Row next() {
                    FrameSource.Values row = new FrameSource.Values(rows.next());
                    return judged(row.original(), cleaner.clean(row));
                }
            };
        }

        private static Row judged(Row row, CleanRow<TextRows.Content> clean) {
            CorpusCleaner.Cleaned document = clean.verdict().corpus();
            return Rows.with(
                    row,
                    document == null ? null : document.text(),
                    clean.badBecause(),
                    document == null ? new Row[0] : counts(document));
        }

        private static Row[] counts(CorpusCleaner.Cleaned document) {
            return document.masked().entrySet().stream()
                    .map(masked ->
                            RowFactory.create(masked.getKey().name().toLowerCase(Locale.ROOT), masked.getValue()))
                    .toArray(Row[]::new);
        }
    }
}
