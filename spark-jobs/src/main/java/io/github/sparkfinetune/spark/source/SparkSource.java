package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.lit;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.files.FileRows;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
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

    private final SparkSession spark;
    /** Session of the caller, which may have set a catalog or created a view. */
    private final SparkSession callers;

    private final SourceFiles files;
    private final SourceFormat reader;
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
        this.reader = SourceFormats.of(files.format());
        this.encoding = data.encoding();
        this.multiline = data.multiline();
        this.maxTextBytes = data.maxTextBytes();
        this.taskBytes = taskBytes;
        if (reader.endsWithLine(multiline)
                && Set.of("UTF-16", "UTF-32").contains(Charset.forName(encoding).name())) {
            throw RunException.config("data.encoding: " + encoding + " does not set the byte order, which line"
                    + " ends need: set it to " + encoding + "LE or " + encoding + "BE");
        }
    }

    SourceFiles files() {
        return files;
    }

    SourceFormat reader() {
        return reader;
    }

    /** Returns the session that reads files. */
    SparkSession spark() {
        return spark;
    }

    String encoding() {
        return encoding;
    }

    boolean multiline() {
        return multiline;
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
            columns = format().bareText().isPresent() ? List.of() : reader.columns(this);
        }
        return columns;
    }

    /** Returns the columns in files, if any, and then those in the names of folders. */
    List<String> withPartitions(List<String> inFiles) {
        Set<String> all = new LinkedHashSet<>(inFiles);
        if (!inFiles.isEmpty()) {
            all.addAll(files.listing().partitions());
        }
        return List.copyOf(all);
    }

    /** Returns the files as a text each: {@link FileRows#VALUE}, {@link FileRows#PATH}, and {@link #CORRUPT}. */
    Dataset<Row> texts() {
        return rows().texts(files.listing().files(), taskBytes, SourcePartitions.OPEN_BYTES, maxTextBytes)
                .withColumn(CORRUPT, nothing());
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
     * Returns a reader that finds columns in the names of folders. Spark finds them only if it does not look for files
     * at any depth.
     *
     * @param basePath folder above these folders
     */
    DataFrameReader folders(String basePath) {
        boolean anyDepth = files.listing().partitions().isEmpty();
        DataFrameReader folders = spark.read().option("recursiveFileLookup", anyDepth);
        return anyDepth || !files.listing().isPart() ? folders : folders.option("basePath", basePath);
    }

    /** Returns the paths that Spark reads. Spark takes a path for a pattern, but a file is meant as it is named. */
    String[] paths() {
        if (!files.listing().isPart()) {
            return new String[] {path()};
        }
        List<String> paths = new ArrayList<>();
        files.listing().files().forEach(file -> paths.add(file.path().replaceAll("[\\\\*?\\[\\]{}]", "\\\\$0")));
        return paths.toArray(String[]::new);
    }

    /**
     * Returns rows of files with typed columns, and an empty {@link #CORRUPT}.
     *
     * @param format name of the format in Spark and in messages
     * @param folders see {@link #folders}
     */
    Dataset<Row> typed(String format, DataFrameReader folders) {
        try {
            return folders.format(format).load(paths()).withColumn(CORRUPT, nothing());
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(key() + ": reading " + path() + " as " + format, e);
        }
    }

    /** Returns the rows of a table, which the caller's session reads. */
    Dataset<Row> table() {
        return SourceTable.rows(callers, files);
    }

    /** Returns the schema of columns that are strings, and of {@link #CORRUPT}. */
    static StructType strings(List<String> names) {
        StructType schema = new StructType();
        for (String name : names) {
            schema = schema.add(name, DataTypes.StringType);
        }
        return schema.add(CORRUPT, DataTypes.StringType);
    }

    static Column nothing() {
        return lit(null).cast(DataTypes.StringType);
    }
}
