package io.github.sparkfinetune.spark.predict.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.source.SourceTable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Table of Spark's catalog, {@code table:NAME}, to which the rows of a finished folder are appended by one commit. The
 * commit carries an id that the file {@value #MARK} in the folder has, so that a command that was killed before or
 * after the commit appends once. The commit of the table's format checks the id, so that of two commands at once one
 * appends: Delta by its application transactions, Iceberg as {@link IcebergAppend} describes.
 */
public final class PredictionTable {
    /** Folder in the output folder with the rows that wait for their commit. */
    public static final String FOLDER = "predicted-tables";
    /** Name of the file with the commit's id. */
    public static final String MARK = "_table.json";

    private static final String DELTA_APPLICATION = "spark-finetune.prediction.";
    private static final String KEY = "--output: ";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SparkSession spark;
    private final String name;
    private final Format format;
    private final StructType columns;
    private final StructType rows;

    /** Format of a table. */
    private enum Format {
        DELTA,
        ICEBERG
    }

    /**
     * Content of the file {@value #MARK}.
     *
     * @param staged true once a table of Iceberg has the rows in a branch; absent (null) before, and for Delta
     * @param appended time of the commit; absent (null) before
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Mark(String table, String id, Boolean staged, String appended) {}

    private PredictionTable(SparkSession spark, String name, Format format, StructType columns, StructType rows) {
        this.spark = spark;
        this.name = name;
        this.format = format;
        this.columns = columns;
        this.rows = rows;
    }

    /**
     * Finds a table and checks that rows can be appended to it.
     *
     * @param output {@code table:NAME}
     * @param rows columns of the rows
     * @throws RunException if there is no such table, it has another format, or its columns differ
     */
    public static PredictionTable of(SparkSession spark, String output, StructType rows) {
        String name = output.substring(DataConfig.TABLE.length());
        Map<String, String> about;
        try {
            about = SourceTable.described(spark, name);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            if (!(e instanceof AnalysisException)) {
                throw Errors.explain("the search of table " + name, e);
            }
            throw RunException.config(KEY + "there is no table " + name
                    + ": create it as a table of Delta or Iceberg with the columns " + ddl(rows));
        }
        String provider = about.getOrDefault("Provider", "a view").toLowerCase(Locale.ROOT);
        Format format = Arrays.stream(Format.values())
                .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(provider))
                .findFirst()
                .orElseThrow(() -> RunException.config(KEY + name + " is " + provider
                        + ", which does not tell whether rows were appended already: use a table of Delta or Iceberg"));
        PredictionTable table =
                new PredictionTable(spark, name, format, spark.table(name).schema(), rows);
        table.requireColumns();
        return table;
    }

    private static String ddl(StructType columns) {
        return Arrays.stream(columns.fields())
                .map(field -> "`" + field.name() + "` " + field.dataType().sql())
                .collect(Collectors.joining(", "));
    }

    private void requireColumns() {
        List<StructField> other = Arrays.stream(rows.fields())
                .filter(row -> Arrays.stream(columns.fields())
                        .noneMatch(column -> isSame(column, row)
                                && column.dataType()
                                        .catalogString()
                                        .equals(row.dataType().catalogString())))
                .toList();
        if (!other.isEmpty()) {
            throw RunException.config(KEY + name + " needs the columns "
                    + ddl(new StructType(other.toArray(StructField[]::new))) + ": add them, or use another table");
        }
        // Spark takes every column of files for one that may be null.
        Arrays.stream(columns.fields())
                .filter(column -> !column.nullable())
                .findFirst()
                .ifPresent(column -> {
                    throw RunException.config(KEY + name + " has the column " + column.name()
                            + ", which may not be null: drop NOT NULL, or use another table");
                });
    }

    private static boolean isSame(StructField one, StructField other) {
        return one.name().equalsIgnoreCase(other.name());
    }

    /** Returns when the rows of a folder were appended; empty if they have not been. Deletes what is left of them. */
    public Optional<String> appended(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Optional<String> time = Optional.ofNullable(mark(files, folder)).map(Mark::appended);
        if (time.isPresent()) {
            discardRows(files, folder);
        }
        return time;
    }

    /**
     * Draws the id of the rows, unless an interrupted command has drawn it.
     *
     * @param folder folder of the rows, whose lease this command holds
     */
    public void begin(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        if (mark(files, folder) == null) {
            put(files, folder, new Mark(name, UUID.randomUUID().toString(), null, null));
        }
    }

    /** Appends the rows of a finished folder, unless they have been, and deletes them there. */
    public void append(Path folder, Configuration hadoop) throws IOException, NoSuchTableException {
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        Mark mark = mark(files, folder);
        commit(
                spark.read().parquet(folder.toString()).select(selected()),
                mark.id(),
                Boolean.TRUE.equals(mark.staged()),
                () -> put(files, folder, new Mark(name, mark.id(), true, null)));
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        put(files, folder, new Mark(name, mark.id(), mark.staged(), now));
        discardRows(files, folder);
    }

    /** Returns the table's columns; those that the rows do not have are null. */
    private Column[] selected() {
        return Arrays.stream(columns.fields())
                .map(column -> Arrays.stream(rows.fields()).anyMatch(row -> isSame(row, column))
                        ? col(column.name())
                        : lit(null).cast(column.dataType()).as(column.name()))
                .toArray(Column[]::new);
    }

    /** Receives that rows are staged. */
    @FunctionalInterface
    interface Staged {
        void now() throws IOException;
    }

    /**
     * Appends rows, unless rows with this id have been appended.
     *
     * @param staged whether an earlier command has staged the rows
     * @param onStaged called when the rows are staged, before they are published
     */
    void commit(Dataset<Row> rows, String id, boolean staged, Staged onStaged)
            throws IOException, NoSuchTableException {
        switch (format) {
            case DELTA ->
                rows.write()
                        .format("delta")
                        .mode("append")
                        .option("txnAppId", DELTA_APPLICATION + id)
                        .option("txnVersion", 1)
                        .saveAsTable(name);
            case ICEBERG -> {
                IcebergAppend append = new IcebergAppend(spark, name, id);
                if (append.isPublished()) {
                    append.discard();
                    return;
                }
                if (!staged) {
                    append.stage(rows);
                    onStaged.now();
                }
                append.publish();
            }
        }
    }

    private static Mark mark(FileSystem files, Path folder) throws IOException {
        try {
            return JSON.readValue(HadoopFiles.readText(files, new Path(folder, MARK)), Mark.class);
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    private static void put(FileSystem files, Path folder, Mark mark) throws IOException {
        HadoopFiles.writeWhole(
                files,
                new Path(folder, MARK),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(mark));
    }

    private static void discardRows(FileSystem files, Path folder) throws IOException {
        for (FileStatus file : files.listStatus(folder)) {
            String name = file.getPath().getName();
            if (!name.startsWith("_") || name.equals("_SUCCESS")) {
                HadoopFiles.discard(files, file.getPath());
            }
        }
    }
}
