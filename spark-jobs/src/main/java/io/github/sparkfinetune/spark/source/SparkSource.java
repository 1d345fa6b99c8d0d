package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.trim;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.question.SquadFile;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
    /** Only column of {@link #lines}. */
    static final String LINE = "value";

    private static final int INFERENCE_ROWS = 100;

    private final SparkSession spark;
    /** Session of the caller, which may have set a catalog or created a view. */
    private final SparkSession callers;

    private final SourceFiles files;
    private final String encoding;
    private final boolean multiline;
    private final int maxTextBytes;
    private List<String> columns;

    /**
     * @param spark session that reads files
     * @param callers session that reads tables
     * @param data encoding and limits of the text
     */
    SparkSource(SparkSession spark, SparkSession callers, SourceFiles files, DataConfig data) {
        this.spark = spark;
        this.callers = callers;
        this.files = files;
        this.encoding = data.sources().encoding();
        this.multiline = data.sources().multiline();
        this.maxTextBytes = data.rows().maxTextBytes();
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
                case JSONL -> withPartitions(keys(lines().select(LINE).limit(INFERENCE_ROWS)));
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

    private List<String> keys(Dataset<Row> first) {
        List<String> lines = first.as(Encoders.STRING()).collectAsList();
        ObjectMapper mapper = new ObjectMapper();
        Set<String> keys = new TreeSet<>();
        int objects = 0;
        for (String line : lines) {
            JsonNode row = parse(mapper, line);
            objects += row.isObject() ? 1 : 0;
            row.fieldNames().forEachRemaining(keys::add);
        }
        if (objects == 0 && !lines.isEmpty()) {
            throw RunException.data(key() + ": " + path() + ": none of its first " + lines.size()
                    + " rows is a JSON object: each line must be a JSON object");
        }
        return List.copyOf(keys);
    }

    /** Returns a line as JSON, or a missing node if the line is not JSON. */
    static JsonNode parse(ObjectMapper mapper, String line) {
        try {
            return mapper.readTree(line);
        } catch (JsonProcessingException e) {
            // The row is bad. It is counted when all rows are read.
            return MissingNode.getInstance();
        }
    }

    /** Returns the files of text folders: {@code content} and {@code path}. */
    Dataset<Row> texts() {
        Column content = RawTexts.utf8(RawTexts.decompressed(col("content"), col("path"), maxTextBytes), encoding);
        return wholeFiles().select(content.cast(DataTypes.StringType).as("content"), col("path"));
    }

    private Dataset<Row> wholeFiles() {
        return spark.read()
                .format("binaryFile")
                .option("recursiveFileLookup", true)
                .load(paths());
    }

    /** Returns the lines that are not blank, and {@link #CORRUPT}. */
    Dataset<Row> lines() {
        return reader().text(paths())
                .withColumn(LINE, RawTexts.utf8(col(LINE), encoding).cast(DataTypes.StringType))
                .filter(length(trim(col(LINE))).gt(0))
                .withColumn(CORRUPT, nothing());
    }

    /**
     * Returns the questions of SQuAD files, one JSON object each as in {@link #lines}, with {@code path} and
     * {@link #CORRUPT}.
     */
    Dataset<Row> squad() {
        return SquadSlices.read(spark, key(), wholeFiles());
    }

    /** Returns JSON lines with some keys as strings, and {@link #CORRUPT}. */
    Dataset<Row> json(List<String> keys) {
        return jsonReader().schema(strings(keys)).json(paths());
    }

    /** Returns JSON lines with the columns and types that Spark infers from all lines. */
    Dataset<Row> inferred() {
        return jsonReader().json(paths());
    }

    private DataFrameReader jsonReader() {
        return reader().option("columnNameOfCorruptRecord", CORRUPT)
                // Cleaning removes null and other control characters inside a text; the row stays.
                .option("allowUnquotedControlChars", true);
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
        return reader().option("header", true)
                // RFC 4180: a quote escapes a quote, and a quoted text may hold line ends.
                .option("escape", "\"")
                .option("multiLine", multiline);
    }

    /** Returns a reader of text, compressed or not, in the source's character set. */
    private DataFrameReader reader() {
        DataFrameReader reader =
                folders().option(RawTexts.CODECS, ZstdCodec.class.getName()).option("encoding", encoding);
        // Spark finds line ends by itself only in UTF-8; in CSV also in character sets whose line end is ASCII's.
        Charset charset = Charset.forName(encoding);
        boolean known = format() == DataFormat.CSV
                ? multiline || "\n".getBytes(charset).length == 1
                : charset.equals(StandardCharsets.UTF_8);
        return known ? reader : reader.option("lineSep", "\n");
    }

    /**
     * Returns a reader that finds columns in the names of folders. Spark finds them only if it does not look for files
     * at any depth.
     */
    private DataFrameReader folders() {
        boolean anyDepth = files.listing().partitions().isEmpty();
        DataFrameReader reader = spark.read().option("recursiveFileLookup", anyDepth);
        return anyDepth || files.listing().only().isEmpty()
                ? reader
                : reader.option(
                        "basePath", format() == DataFormat.TABLE ? files.table().location() : path());
    }

    /** Returns the paths that Spark reads. Spark takes a path for a pattern, but a file is meant as it is named. */
    private String[] paths() {
        List<String> only = files.listing().only();
        return only.isEmpty()
                ? new String[] {path()}
                : only.stream()
                        .map(file -> file.replaceAll("[\\\\*?\\[\\]{}]", "\\\\$0"))
                        .toArray(String[]::new);
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
        return !files.listing().only().isEmpty();
    }

    /** Returns the column with the file of a row; for a table the column holds the table's name. */
    Column file() {
        return format() == DataFormat.TABLE && !isOfFiles() ? lit(path()) : col("_metadata.file_path");
    }

    static Column nothing() {
        return lit(null).cast(DataTypes.StringType);
    }
}
