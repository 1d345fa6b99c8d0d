package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Source that is a table or view of Spark's catalog, {@code table:NAME}, in the syntax of Spark SQL:
 * {@code table:sales.mails}, {@code table:lake.sales.mails}, {@code table:delta.`/lake/mails`}.
 *
 * <p>The fingerprint covers name, columns and version. The version is Delta's version and table id, Iceberg's snapshot,
 * or the time of Hudi's newest commit. All passes read this version, even if the table is written meanwhile. Other
 * tables and views have no version: their fingerprint covers their files instead. A table without files has only name
 * and columns in its fingerprint.
 */
public final class SourceTable {
    private static final Pattern SNAPSHOT = Pattern.compile("current-snapshot-id=(\\d+)");

    private static final String HUDI = "hudi";
    /** Files that the driver inspects alone, and files of a task. */
    static final int FILES_A_TASK = 1000;

    private SourceTable() {}

    /** Returns the name of the table in SQL. */
    private static String name(String path) {
        return path.substring(DataConfig.TABLE.length());
    }

    /**
     * Finds a table in the catalog.
     *
     * @param path {@code table:NAME}
     * @throws RunException if there is no such table
     */
    public static SourceFiles find(SparkSession spark, String key, String split, String path) {
        String name = name(path);
        try {
            Map<String, String> about = described(spark, name);
            Dataset<Row> rows = spark.table(name);
            MessageDigest known = Sha256.digest();
            add(known, name);
            add(known, rows.schema().json());
            String provider = about.getOrDefault("Provider", "").toLowerCase(Locale.ROOT);
            Matcher snapshot = SNAPSHOT.matcher(about.getOrDefault("Table Properties", ""));
            String[] files = {};
            String version = null;
            if (provider.equals("delta")) {
                version = String.valueOf(only(spark, "DESCRIBE HISTORY " + name + " LIMIT 1", "version"));
                add(known, String.valueOf(only(spark, "DESCRIBE DETAIL " + name, "id")));
            } else if (provider.equals("iceberg") && snapshot.find()) {
                version = snapshot.group(1);
            } else if (provider.equals(HUDI) && about.containsKey("Location")) {
                version = HudiTimeline.newest(
                                new Path(about.get("Location")),
                                spark.sparkContext().hadoopConfiguration())
                        .orElse(null);
            }
            if (version == null) {
                files = rows.inputFiles();
                describe(spark, files, line -> add(known, line));
            }
            add(known, version == null || !provider.equals(HUDI) ? String.valueOf(version) : clause(provider, version));
            long bytes = bytes(rows);
            return new SourceFiles(
                    key,
                    split,
                    path,
                    DataFormat.TABLE,
                    new SourceFiles.Listing(files.length, null, 0, List.of()),
                    SourceFiles.Size.plain(bytes),
                    HexFormat.of().formatHex(known.digest()),
                    provider.isEmpty() ? null : new CatalogTable(provider, about.get("Location"), version));
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw unreadable(key, name, e);
        }
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns what Spark's catalog says of a table: columns with their types, then Provider, Location and so on. */
    public static Map<String, String> described(SparkSession spark, String name) {
        Map<String, String> about = new HashMap<>();
        spark.sql("DESCRIBE TABLE EXTENDED " + name)
                .select("col_name", "data_type")
                .collectAsList()
                .forEach(row -> about.put(row.getAs("col_name"), row.getAs("data_type")));
        return about;
    }

    /** Returns the SQL clause that reads a version. */
    private static String clause(String format, String version) {
        return format.equals(HUDI) ? "TIMESTAMP AS OF '" + version + "'" : "VERSION AS OF " + version;
    }

    private static Object only(SparkSession spark, String statement, String column) {
        return spark.sql(statement).select(column).head().get(0);
    }

    /**
     * Passes on a line for each file, by path. Executors inspect the files of a table that has many. The driver then
     * receives two numbers a file, and keeps no line.
     */
    public static void describe(SparkSession spark, String[] files, Consumer<String> lines) throws IOException {
        String[] sorted = Arrays.stream(files).sorted().toArray(String[]::new);
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Configuration hadoop = context.hadoopConfiguration();
        if (sorted.length <= FILES_A_TASK) {
            for (String file : sorted) {
                long[] status = status(file, hadoop);
                lines.accept(line(file, status[0], status[1]));
            }
            return;
        }
        Broadcast<SerializableConfiguration> settings = context.broadcast(new SerializableConfiguration(hadoop));
        try {
            List<long[]> found = context.parallelize(Arrays.asList(sorted), 1 + (sorted.length - 1) / FILES_A_TASK)
                    .mapPartitions(part -> {
                        LongStream.Builder numbers = LongStream.builder();
                        while (part.hasNext()) {
                            Arrays.stream(status(part.next(), settings.value().value()))
                                    .forEach(numbers);
                        }
                        return List.of(numbers.build().toArray()).iterator();
                    })
                    .collect();
            int file = 0;
            for (long[] numbers : found) {
                for (int i = 0; i < numbers.length; i += 2) {
                    lines.accept(line(sorted[file++], numbers[i], numbers[i + 1]));
                }
            }
        } finally {
            settings.destroy();
        }
    }

    /** Returns length and time of modification. */
    private static long[] status(String file, Configuration hadoop) throws IOException {
        FileStatus status;
        try {
            status = status(new Path(file), hadoop);
        } catch (FileNotFoundException e) {
            // Delta and Iceberg name paths. Spark names URLs, in which folders such as ts=12%3A00 are encoded again.
            if (!file.contains("%")) {
                throw e;
            }
            status = status(new Path(URI.create(file)), hadoop);
        }
        return new long[] {status.getLen(), status.getModificationTime()};
    }

    private static FileStatus status(Path path, Configuration hadoop) throws IOException {
        return path.getFileSystem(hadoop).getFileStatus(path);
    }

    private static String line(String file, long bytes, long time) {
        return file + "\t" + bytes + "\t" + time + "\n";
    }

    /** Returns the size in bytes that Spark's planner estimates; 0 if there is no estimate. */
    private static long bytes(Dataset<Row> rows) {
        scala.math.BigInt bytes = rows.queryExecution().optimizedPlan().stats().sizeInBytes();
        return bytes.isValidLong() && bytes.toLong() < Long.MAX_VALUE / 2 ? bytes.toLong() : 0;
    }

    /** Returns the rows of the version that {@link #find} found. */
    public static Dataset<Row> rows(SparkSession spark, SourceFiles table) {
        String name = name(table.path());
        try {
            CatalogTable about = table.table();
            return about == null || about.version() == null
                    ? spark.table(name)
                    : spark.sql("SELECT * FROM " + name + " " + clause(about.format(), about.version()));
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw unreadable(table.key(), name, e);
        }
    }

    private static RuntimeException unreadable(String key, String name, Exception e) {
        if (e instanceof RunException known) {
            return known;
        }
        if (Errors.ioFailure(e).isPresent()) {
            return Errors.explain(key + ": reading table " + name, e);
        }
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return message.contains("TABLE_OR_VIEW_NOT_FOUND")
                ? RunException.data(
                        key + ": table " + name + " is not in Spark's catalog: correct its name, or set the catalog by"
                                + " spark.sql.catalog.* (spark-submit --conf); a table of a Hive metastore or of Glue needs"
                                + " hive-site.xml and a Spark with Hive",
                        e)
                : RunException.data(key + ": table " + name + " cannot be read (" + message + ")", e);
    }
}
