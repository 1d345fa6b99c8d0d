package io.github.sparkfinetune.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Reads a source with Spark's own readers into rows of strings: {@link #TEXT}, {@link #PAIR}, {@link #LABEL},
 * {@link #FILE} and {@link #CORRUPT} (the record as it stands, where it could not be parsed). The rows are Spark's
 * internal ones, so that a text stays UTF-8 bytes until it is tokenized.
 */
final class SourceReader {
    static final int TEXT = 0;
    static final int PAIR = 1;
    static final int LABEL = 2;
    static final int FILE = 3;
    static final int CORRUPT = 4;

    private static final String CORRUPT_COLUMN = "_corrupt_record";
    /** Enough tokenization to outweigh the start of a task, little enough to balance. */
    private static final String PARTITION_BYTES = "32m";

    private final SparkSession spark;
    private final DataConfig data;
    private final boolean labelled;

    /** @param labelled whether rows have a label to be read */
    SourceReader(SparkSession spark, DataConfig data, boolean labelled) {
        // Settings of the reading below must not leak into the caller's session.
        this.spark = spark.newSession();
        this.spark.conf().set("spark.sql.files.maxPartitionBytes", PARTITION_BYTES);
        // Many small files make a partition: a file costs far less to open than a tokenizer to load.
        this.spark.conf().set("spark.sql.files.openCostInBytes", "64k");
        this.spark.conf().set("spark.sql.caseSensitive", "true");
        this.data = data;
        this.labelled = labelled;
    }

    /** @throws RunException if a column that the configuration names is not there */
    JavaRDD<InternalRow> read(SourceFiles source) {
        Dataset<Row> rows = switch (source.format()) {
            case TEXT_FOLDERS -> textFolders(source);
            case JSONL -> json(source);
            case CSV -> csv(source);
            case PARQUET -> parquet(source);
            case AUTO -> throw new IllegalArgumentException("a listed source has a format");
        };
        return rows.queryExecution().toRdd().toJavaRDD();
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

    private Dataset<Row> textFolders(SourceFiles source) {
        if (data.textPair() != null) {
            throw RunException.config("data.text_pair: " + data.textPair()
                    + " cannot be used with text folders, where a" + " file is one text: use jsonl, csv or parquet");
        }
        Dataset<Row> files = spark.read()
                .format("binaryFile")
                .option("recursiveFileLookup", true)
                .load(source.path());
        return files.select(col("content").cast(DataTypes.StringType), nothing(), nothing(), col("path"), nothing());
    }

    private Dataset<Row> json(SourceFiles source) {
        StructType schema = new StructType();
        for (String column : columns()) {
            schema = schema.add(column, DataTypes.StringType);
        }
        return select(spark.read()
                .schema(schema.add(CORRUPT_COLUMN, DataTypes.StringType))
                .option("columnNameOfCorruptRecord", CORRUPT_COLUMN)
                // Null and other control bytes inside a text are removed from it, not the row.
                .option("allowUnquotedControlChars", true)
                .option("recursiveFileLookup", true)
                .json(source.path()));
    }

    private Dataset<Row> csv(SourceFiles source) {
        String[] header = spark.read()
                .option("header", true)
                .option("escape", "\"")
                .option("multiLine", true)
                .option("recursiveFileLookup", true)
                .csv(source.path())
                .columns();
        requireColumns(source, Arrays.asList(header));
        StructType schema = new StructType();
        for (String column : header) {
            schema = schema.add(column, DataTypes.StringType);
        }
        return select(spark.read()
                .schema(schema.add(CORRUPT_COLUMN, DataTypes.StringType))
                .option("columnNameOfCorruptRecord", CORRUPT_COLUMN)
                .option("header", true)
                .option("enforceSchema", false)
                // RFC 4180: a quote is escaped by a quote, a quoted text may hold line ends.
                .option("escape", "\"")
                .option("multiLine", true)
                .option("recursiveFileLookup", true)
                .csv(source.path()));
    }

    private Dataset<Row> parquet(SourceFiles source) {
        Dataset<Row> rows;
        try {
            rows = spark.read().option("recursiveFileLookup", true).parquet(source.path());
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw Errors.explain(source.key() + ": reading " + source.path() + " as Parquet", e);
        }
        requireColumns(source, Arrays.asList(rows.columns()));
        DataType text = rows.schema().apply(data.text()).dataType();
        if (!text.equals(DataTypes.StringType) && !text.equals(DataTypes.BinaryType)) {
            throw RunException.config("data.text: column " + data.text() + " of " + source.path() + " is "
                    + text.simpleString() + ", it must be a string");
        }
        return select(rows.withColumn(CORRUPT_COLUMN, nothing()));
    }

    private void requireColumns(SourceFiles source, List<String> present) {
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

    /** For a JSONL source whose rows all lack a column: what the first rows do have. */
    RunException missingColumn(SourceFiles source, String role, String column) {
        String present = source.format() == DataFormat.JSONL
                ? ", its columns are "
                        + String.join(
                                ", ",
                                spark.read()
                                        .json(spark.read()
                                                .textFile(source.path())
                                                .limit(100))
                                        .columns())
                : "";
        return RunException.config(
                "data." + role + ": no row of " + source.path() + " has a column " + column + present);
    }

    private Dataset<Row> select(Dataset<Row> rows) {
        return rows.select(
                text(data.text()),
                data.textPair() == null ? nothing() : text(data.textPair()),
                labelled ? text(data.label()) : nothing(),
                col("_metadata.file_path"),
                col(CORRUPT_COLUMN));
    }

    /** A column by its whole name: a dot in it is no path into a struct. */
    private static Column text(String name) {
        return col("`" + name.replace("`", "``") + "`").cast(DataTypes.StringType);
    }

    private static Column nothing() {
        return lit(null).cast(DataTypes.StringType);
    }
}
