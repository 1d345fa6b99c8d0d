package io.github.sparkfinetune.spark.group;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;
import org.apache.spark.sql.types.DataTypes;

/**
 * Writes the rows of sources as Parquet into a folder for each value of a column, {@code SOURCE/COLUMN=VALUE}, as Spark
 * partitions a table. The rows of a folder are read like any source, without the rows of other values.
 */
public final class GroupJob {
    /** File in the folder, written last. */
    private static final String WRITTEN = "_written.json";
    /** More groups than a driver can follow. */
    private static final int MOST_GROUPS = 100_000;

    private GroupJob() {}

    /**
     * Rows of a value.
     *
     * @param value value of the column, as text
     * @param sources folder of the rows and their number, by the key of the source
     */
    public record Group(String value, Map<String, Rows> sources) {}

    /** Rows in a folder. */
    public record Rows(String folder, long count) {}

    /**
     * Content of {@value #WRITTEN}.
     *
     * @param of column, and fingerprints of the sources by key
     * @param counts number of rows by key and value
     */
    private record Written(Map<String, String> of, Map<String, Map<String, Long>> counts) {}

    /**
     * Groups of a column.
     *
     * @param of column, and fingerprints of the sources by key
     * @param groups groups by value, sorted
     */
    public record Grouped(Map<String, String> of, List<Group> groups) {}

    /**
     * Writes the rows, or returns those that an earlier call wrote of the same sources.
     *
     * @param config configuration; its {@code data} section says how the sources are read
     * @param sources paths by key
     * @param folder folder for the rows
     * @throws RunException if a source lacks the column, or a row has no value
     */
    public static Grouped run(
            SparkSession session, RunConfig config, Map<String, String> sources, String column, String folder) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        Path to = new Path(AbsolutePaths.of("output.dir", folder, hadoop));
        spark.setJobDescription("rows by " + column);
        try {
            Map<String, SourceFiles> found = new LinkedHashMap<>();
            Map<String, String> fingerprints = new TreeMap<>(Map.of("column", column));
            sources.forEach((key, path) -> {
                SourceFiles files =
                        Sources.of(session, resolved.data(), key, null, AbsolutePaths.of(key, path, hadoop));
                found.put(key, files);
                fingerprints.put(key, files.fingerprint());
            });
            FileSystem files = HadoopFiles.fileSystem(to, hadoop);
            Path mark = new Path(to, WRITTEN);
            Written written = files.exists(mark)
                    ? JsonFiles.MAPPER.readValue(HadoopFiles.readText(files, mark), Written.class)
                    : new Written(Map.of(), Map.of());
            if (!written.of().equals(fingerprints)) {
                HadoopFiles.delete(files, to);
                Map<String, Map<String, Long>> counts = new LinkedHashMap<>();
                found.forEach(
                        (key, source) -> counts.put(key, write(session, resolved, source, column, new Path(to, key))));
                written = new Written(fingerprints, counts);
                HadoopFiles.writeWhole(files, mark, JsonFiles.MAPPER.writeValueAsBytes(written));
            }
            return new Grouped(fingerprints, groups(written, column, to));
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the rows by " + column, e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    /** @return number of rows by value */
    private static Map<String, Long> write(
            SparkSession session, RunConfig config, SourceFiles source, String column, Path to) {
        Dataset<Row> rows = SourceReader.frame(session, source, config.data());
        if (!Arrays.asList(rows.columns()).contains(column)) {
            throw RunException.config("--per " + column + ": " + source.key() + " has no such column, its columns are "
                    + String.join(", ", rows.columns()));
        }
        Dataset<Row> named = rows.withColumn(column, col(column).cast(DataTypes.StringType));
        Map<String, Long> counts = new TreeMap<>();
        for (Row group : named.groupBy(col(column).as("value"))
                .agg(count(lit(1)).as("rows"))
                .limit(MOST_GROUPS + 1)
                .collectAsList()) {
            String value = group.getAs("value");
            long ofValue = group.getAs("rows");
            if (value == null || value.isBlank()) {
                throw RunException.data("--per " + column + ": " + ofValue + " rows of " + source.path()
                        + " have no value: give them one, or remove them");
            }
            counts.put(value, ofValue);
        }
        if (counts.size() > MOST_GROUPS) {
            throw RunException.config("--per " + column + ": " + source.path() + " has more than " + MOST_GROUPS
                    + " values: choose a column with fewer");
        }
        // The rows of a value lie in one file, not in a file of each task that reads the source.
        named.repartition(col(column)).write().partitionBy(column).parquet(to.toString());
        return counts;
    }

    private static List<Group> groups(Written written, String column, Path to) {
        Map<String, Map<String, Rows>> groups = new TreeMap<>();
        written.counts()
                .forEach((key, counts) -> counts.forEach((value, count) -> {
                    Path folder = new Path(new Path(to, key), folder(column, value));
                    groups.computeIfAbsent(value, none -> new LinkedHashMap<>())
                            .put(key, new Rows(folder.toString(), count));
                }));
        return groups.entrySet().stream()
                .map(group -> new Group(group.getKey(), group.getValue()))
                .toList();
    }

    /** Returns the name of the folder of a value, {@code COLUMN=VALUE}, with the characters that paths lack escaped. */
    public static String folder(String column, String value) {
        return ExternalCatalogUtils.escapePathName(column) + "=" + name(value);
    }

    /** Returns a value as the name of a folder. */
    public static String name(String value) {
        return ExternalCatalogUtils.escapePathName(value);
    }
}
