package io.github.sparkfinetune.spark.prepare;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Reads a source with Spark's own readers into rows of strings: {@link #TEXT}, {@link #PAIR}, {@link #LABEL},
 * {@link #FILE} and {@link #CORRUPT} (the record as it stands, where it could not be parsed). The rows are Spark's
 * internal ones, so that a text stays UTF-8 bytes until it is tokenized.
 *
 * @param <C> what a row becomes when it is cleaned
 */
abstract class SourceReader<C> {
    static final int TEXT = 0;
    static final int PAIR = 1;
    static final int LABEL = 2;
    static final int FILE = 3;
    static final int CORRUPT = 4;

    static final String CORRUPT_COLUMN = "_corrupt_record";
    /** Enough tokenization to outweigh the start of a task, little enough to balance. */
    private static final String PARTITION_BYTES = "32m";

    private final SparkSession spark;

    /**
     * A source's rows.
     *
     * @param cleaner cleans them
     */
    record Rows<C>(SourceFiles source, JavaRDD<InternalRow> rdd, RowCleaner.Factory<C> cleaner) {}

    SourceReader(SparkSession spark) {
        // Settings of the reading below must not leak into the caller's session.
        this.spark = spark.newSession();
        this.spark.conf().set("spark.sql.files.maxPartitionBytes", PARTITION_BYTES);
        // Many small files make a partition: a file costs far less to open than a tokenizer to load.
        this.spark.conf().set("spark.sql.files.openCostInBytes", "64k");
        this.spark.conf().set("spark.sql.caseSensitive", "true");
    }

    /** @throws RunException if a column that is needed is not there */
    abstract Rows<C> read(SourceFiles source);

    /**
     * Refuses a source whose rows, as was found by reading all of them, lack a column.
     *
     * @throws RunException that names the columns that are there
     */
    abstract void requireColumns(SourceFiles source, SourceScan.Counts counts);

    final SparkSession spark() {
        return spark;
    }

    /** The rows of {@link #TEXT}, {@link #PAIR}, {@link #LABEL}, {@link #FILE}, {@link #CORRUPT}. */
    static JavaRDD<InternalRow> rdd(Dataset<Row> rows, Column text, Column pair, Column label) {
        return rows.select(text, pair, label, col("_metadata.file_path"), col(CORRUPT_COLUMN))
                .queryExecution()
                .toRdd()
                .toJavaRDD();
    }

    /** Names of a CSV source's columns. */
    final List<String> csvHeader(SourceFiles source) {
        return Arrays.asList(spark.read()
                .option("header", true)
                .option("escape", "\"")
                .option("multiLine", true)
                .option("recursiveFileLookup", true)
                .csv(source.path())
                .columns());
    }

    /** A CSV source's rows, every column a string, and {@link #CORRUPT_COLUMN}. */
    final Dataset<Row> csv(SourceFiles source, List<String> header) {
        StructType schema = new StructType();
        for (String column : header) {
            schema = schema.add(column, DataTypes.StringType);
        }
        return spark.read()
                .schema(schema.add(CORRUPT_COLUMN, DataTypes.StringType))
                .option("columnNameOfCorruptRecord", CORRUPT_COLUMN)
                .option("header", true)
                .option("enforceSchema", false)
                // RFC 4180: a quote is escaped by a quote, a quoted text may hold line ends.
                .option("escape", "\"")
                .option("multiLine", true)
                .option("recursiveFileLookup", true)
                .csv(source.path());
    }

    /** A Parquet source's rows, and an empty {@link #CORRUPT_COLUMN}. */
    final Dataset<Row> parquet(SourceFiles source) {
        try {
            return spark.read()
                    .option("recursiveFileLookup", true)
                    .parquet(source.path())
                    .withColumn(CORRUPT_COLUMN, nothing());
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw Errors.explain(source.key() + ": reading " + source.path() + " as Parquet", e);
        }
    }

    /** Names of a source's columns, without the one for what could not be parsed. */
    static List<String> columns(Dataset<Row> rows) {
        return Arrays.stream(rows.columns())
                .filter(name -> !name.equals(CORRUPT_COLUMN))
                .toList();
    }

    /** A column by its whole name: a dot in it is no path into a struct. */
    static Column column(String name) {
        return col("`" + name.replace("`", "``") + "`");
    }

    static Column text(String name) {
        return column(name).cast(DataTypes.StringType);
    }

    static Column nothing() {
        return lit(null).cast(DataTypes.StringType);
    }
}
