package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.question.SquadFile;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.files.FileRows;
import io.github.sparkfinetune.spark.files.RawTexts;
import io.github.sparkfinetune.spark.files.ZstdCodec;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Source as Spark's readers see it: its columns, and its rows before columns are chosen. */
public final class SparkSource implements RawSource {
    /** Column with the unparsed record, if the record could not be parsed. */
    static final String CORRUPT = "_corrupt_record";
    /** Column of {@link #lines} with the line. */
    static final String LINE = FileRows.VALUE;

    /** Path of a row's file in the rows of Spark's readers of files. */
    private static final String METADATA_PATH = "_metadata.file_path";

    private static final int INFERENCE_ROWS = 100;

    private final SparkSession spark;
    /** Session of the caller, which may have set a catalog or created a view. */
    private final SparkSession callers;

    private final SourceFiles files;
    private final String encoding;
    private final boolean multiline;
    private final int maxTextBytes;
    private final long taskBytes;
    private List<String> columns;
    private Dataset<Row> lines;

    /**
     * @param spark session that reads files
     * @param callers session that reads tables
     * @param data encoding and limits of the text
     * @param taskBytes most bytes of a task that reads lines or texts, with those for opening files
     */
    SparkSource(SparkSession spark, SparkSession callers, SourceFiles files, DataConfig data, long taskBytes) {
        this.spark = spark;
        this.callers = callers;
        this.files = files;
        this.encoding = data.encoding();
        this.multiline = data.multiline();
        this.maxTextBytes = data.maxTextBytes();
        this.taskBytes = taskBytes;
        boolean lines = files.format() == DataFormat.TEXT
                || files.format() == DataFormat.JSONL
                || (files.format() == DataFormat.CSV && !multiline);
        if (lines
                && Set.of("UTF-16", "UTF-32").contains(Charset.forName(encoding).name())) {
            throw RunException.config("data.encoding: " + encoding + " does not set the byte order, which line"
                    + " ends need: set it to " + encoding + "LE or " + encoding + "BE");
        }
    }

    SourceFiles files() {
        return files;
    }

    @Override
    public String key() {
        return files.key();
    }

    @Override
    public String split() {
        return files.split();
    }

    @Override
    public String path() {
        return files.path();
    }

    @Override
    public DataFormat format() {
        return files.format();
    }

    @Override
    public List<String> columns() {
        if (columns == null) {
            columns = switch (format()) {
                case TEXT_FOLDERS, TEXT -> List.of();
                case JSONL ->
                    withPartitions(JsonLines.keys(this, lines().select(LINE).limit(INFERENCE_ROWS)));
                case CSV -> withPartitions(header());
                case PARQUET, TABLE ->
                    Arrays.stream(typed().columns())
                            .filter(name -> !name.equals(CORRUPT))
                            .toList();
                case SQUAD -> SquadFile.COLUMNS;
                case AUTO -> throw new IllegalArgumentException("a listed source has a format");
            };
        }
        return columns;
    }

    private List<String> withPartitions(List<String> inFiles) {
        Set<String> all = new LinkedHashSet<>(inFiles);
        if (!inFiles.isEmpty()) {
            all.addAll(files.listing().partitions());
        }
        return List.copyOf(all);
    }

    private List<String> header() {
        try {
            return Arrays.asList(csvReader().csv(files.listing().first()).columns());
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(key() + ": reading " + files.listing().first(), e);
        }
    }

    /** Returns the files of text folders: {@link FileRows#VALUE} and {@link FileRows#PATH}. */
    Dataset<Row> texts() {
        return rows().texts(files.listing().files(), taskBytes, SourcePartitions.OPEN_BYTES, maxTextBytes);
    }

    private FileRows rows() {
        return new FileRows(spark, encoding);
    }

    /** Returns the lines that are not blank, {@link FileRows#PATH}, and {@link #CORRUPT}. */
    Dataset<Row> lines() {
        if (lines == null) {
            lines = readLines();
        }
        return lines;
    }

    private Dataset<Row> readLines() {
        Charset charset = Charset.forName(encoding);
        // Hadoop finds line ends by itself only in UTF-8.
        byte[] end = charset.equals(StandardCharsets.UTF_8) ? null : "\n".getBytes(charset);
        SourceFiles.Listing listing = files.listing();
        return rows().lines(listing.files(), taskBytes, SourcePartitions.OPEN_BYTES, end, listing.partitions())
                .withColumn(CORRUPT, nothing());
    }

    /**
     * Returns the questions of SQuAD files, one JSON object each as in {@link #lines}, with {@link FileRows#PATH} and
     * {@link #CORRUPT}.
     */
    Dataset<Row> squad() {
        return SquadSlices.read(spark, key(), files.listing().files());
    }

    /** Returns JSON lines with some keys as strings, {@link FileRows#PATH}, and {@link #CORRUPT}. */
    Dataset<Row> json(List<String> keys) {
        return JsonLines.parsed(lines(), strings(keys), files.listing().partitions());
    }

    /** Returns JSON lines with the columns and types that Spark infers from all lines. */
    Dataset<Row> inferred() {
        StructType schema = JsonLines.inferred(spark, lines().select(LINE));
        return JsonLines.parsed(lines(), schema, files.listing().partitions()).drop(FileRows.PATH);
    }

    /** Returns CSV rows with every column as a string, and {@link #CORRUPT}. */
    Dataset<Row> csv() {
        return csvReader()
                .schema(strings(columns()))
                .option("columnNameOfCorruptRecord", CORRUPT)
                .option("enforceSchema", false)
                .csv(paths());
    }

    private DataFrameReader csvReader() {
        DataFrameReader reader = folders()
                .option(RawTexts.CODECS, ZstdCodec.class.getName())
                .option("encoding", encoding)
                .option("header", true)
                // RFC 4180: a quote escapes a quote, and a quoted text may hold line ends.
                .option("escape", "\"")
                .option("multiLine", multiline);
        // Spark finds line ends by itself only in character sets whose line end is ASCII's.
        boolean known = multiline || "\n".getBytes(Charset.forName(encoding)).length == 1;
        return known ? reader : reader.option("lineSep", "\n");
    }

    /**
     * Returns a reader that finds columns in the names of folders. Spark finds them only if it does not look for files
     * at any depth.
     */
    private DataFrameReader folders() {
        boolean anyDepth = files.listing().partitions().isEmpty();
        DataFrameReader reader = spark.read().option("recursiveFileLookup", anyDepth);
        return anyDepth || !files.listing().isPart()
                ? reader
                : reader.option(
                        "basePath", format() == DataFormat.TABLE ? files.table().location() : path());
    }

    /** Returns the paths that Spark reads. Spark takes a path for a pattern, but a file is meant as it is named. */
    private String[] paths() {
        if (!files.listing().isPart()) {
            return new String[] {path()};
        }
        List<String> paths = new ArrayList<>();
        files.listing().files().forEach(file -> paths.add(file.path().replaceAll("[\\\\*?\\[\\]{}]", "\\\\$0")));
        return paths.toArray(String[]::new);
    }

    /** Returns rows of Parquet files or of a table, with typed columns, and an empty {@link #CORRUPT}. */
    Dataset<Row> typed() {
        if (format() == DataFormat.TABLE && !isOfFiles()) {
            return SourceTable.rows(callers, files).withColumn(CORRUPT, nothing());
        }
        try {
            DataFrameReader reader = format() == DataFormat.TABLE
                    ? folders().schema(SourceTable.rows(callers, files).schema())
                    : folders();
            return reader.parquet(paths()).withColumn(CORRUPT, nothing());
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(key() + ": reading " + path() + " as Parquet", e);
        }
    }

    /** Returns the columns that Spark infers from the first JSON lines. */
    String[] inferredColumns() {
        return spark.read()
                .json(lines().select(LINE).limit(INFERENCE_ROWS).as(Encoders.STRING()))
                .columns();
    }

    private static StructType strings(List<String> names) {
        StructType schema = new StructType();
        for (String name : names) {
            schema = schema.add(name, DataTypes.StringType);
        }
        return schema.add(CORRUPT, DataTypes.StringType);
    }

    private boolean isOfFiles() {
        return files.listing().isPart();
    }

    /** Returns the column with the file of a row; for a table the column holds the table's name. */
    Column file() {
        return switch (format()) {
            case TABLE -> isOfFiles() ? col(METADATA_PATH) : lit(path());
            case CSV, PARQUET -> col(METADATA_PATH);
            default -> col(FileRows.PATH);
        };
    }

    static Column nothing() {
        return lit(null).cast(DataTypes.StringType);
    }
}
