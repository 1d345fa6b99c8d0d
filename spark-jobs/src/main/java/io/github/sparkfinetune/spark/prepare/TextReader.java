package io.github.sparkfinetune.spark.prepare;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.RunException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Reads the columns of a text, of a second one, and of a label, which the configuration names. */
final class TextReader extends SourceReader<CleanText> {
    private final DataConfig data;
    private final boolean labelled;

    /** @param labelled whether rows have a label to be read */
    TextReader(SparkSession spark, DataConfig data, boolean labelled) {
        super(spark);
        this.data = data;
        this.labelled = labelled;
    }

    @Override
    Rows<CleanText> read(SourceFiles source) {
        JavaRDD<InternalRow> rows = switch (source.format()) {
            case TEXT_FOLDERS -> textFolders(source);
            case JSONL -> select(json(source));
            case CSV -> csv(source);
            case PARQUET -> parquetTexts(source);
            case AUTO -> throw new IllegalArgumentException("a listed source has a format");
        };
        CleaningRules rules = CleaningRules.of(data, source, labelled);
        return new Rows<>(source, rows, () -> new TextRowCleaner(rules));
    }

    /** Columns that the source must have. */
    private List<String> columns() {
        List<String> names = new ArrayList<>(List.of(data.text()));
        if (data.textPair() != null) {
            names.add(data.textPair());
        }
        if (labelled) {
            names.add(data.label());
        }
        return names;
    }

    private JavaRDD<InternalRow> textFolders(SourceFiles source) {
        if (data.textPair() != null) {
            throw RunException.config("data.text_pair: " + data.textPair()
                    + " cannot be used with text folders, where a" + " file is one text: use jsonl, csv or parquet");
        }
        return spark().read()
                .format("binaryFile")
                .option("recursiveFileLookup", true)
                .load(source.path())
                .select(col("content").cast(DataTypes.StringType), nothing(), nothing(), col("path"), nothing())
                .queryExecution()
                .toRdd()
                .toJavaRDD();
    }

    private Dataset<Row> json(SourceFiles source) {
        StructType schema = new StructType();
        for (String column : columns()) {
            schema = schema.add(column, DataTypes.StringType);
        }
        return spark().read()
                .schema(schema.add(CORRUPT_COLUMN, DataTypes.StringType))
                .option("columnNameOfCorruptRecord", CORRUPT_COLUMN)
                // Null and other control bytes inside a text are removed from it, not the row.
                .option("allowUnquotedControlChars", true)
                .option("recursiveFileLookup", true)
                .json(source.path());
    }

    private JavaRDD<InternalRow> csv(SourceFiles source) {
        List<String> header = csvHeader(source);
        requirePresent(source, header);
        return select(csv(source, header));
    }

    private JavaRDD<InternalRow> parquetTexts(SourceFiles source) {
        Dataset<Row> rows = parquet(source);
        requirePresent(source, columns(rows));
        DataType text = rows.schema().apply(data.text()).dataType();
        if (!text.equals(DataTypes.StringType) && !text.equals(DataTypes.BinaryType)) {
            throw RunException.config("data.text: column " + data.text() + " of " + source.path() + " is "
                    + text.simpleString() + ", it must be a string");
        }
        return select(rows);
    }

    private void requirePresent(SourceFiles source, List<String> present) {
        for (String column : columns()) {
            if (!present.contains(column)) {
                throw RunException.config("data." + role(column) + ": " + source.path() + " has no column " + column
                        + ", its columns are " + String.join(", ", present));
            }
        }
    }

    private String role(String column) {
        return column.equals(data.text()) ? "text" : column.equals(data.textPair()) ? "text_pair" : "label";
    }

    @Override
    void requireColumns(SourceFiles source, SourceScan.Counts counts) {
        if (source.format() == DataFormat.JSONL) {
            requireColumn(source, counts, RowCleaner.NO_TEXT, "text", data.text());
            requireColumn(source, counts, RowCleaner.NO_PAIR, "text_pair", data.textPair());
            requireColumn(source, counts, RowCleaner.NO_LABEL, "label", data.label());
        }
    }

    private void requireColumn(
            SourceFiles source, SourceScan.Counts counts, String reason, String role, String column) {
        long malformed = counts.bad.getOrDefault(RowCleaner.MALFORMED, 0L);
        long without = counts.bad.getOrDefault(reason, 0L);
        if (without > 0 && without == counts.rows - malformed) {
            // What the first rows do have.
            String[] present = spark().read()
                    .json(spark().read().textFile(source.path()).limit(100))
                    .columns();
            throw RunException.config("data." + role + ": no row of " + source.path() + " has a column " + column
                    + ", its columns are " + String.join(", ", present));
        }
    }

    private JavaRDD<InternalRow> select(Dataset<Row> rows) {
        return rdd(
                rows,
                text(data.text()),
                data.textPair() == null ? nothing() : text(data.textPair()),
                labelled ? text(data.label()) : nothing());
    }
}
