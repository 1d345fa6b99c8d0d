package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceListing;
import io.github.sparkfinetune.spark.source.SourceTable;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Data files of a version of a table of Delta or Iceberg. A later generation reads the new files as the Parquet that
 * they are. So tables are refused whose files need the table's format to be read: with column mapping, deletion
 * vectors, delete files, or files of an older schema.
 */
public final class TableFiles {
    private static final String ICEBERG = "iceberg";
    private static final String DELTA = "delta";

    private TableFiles() {}

    /**
     * Lists the files of a source that is a table; returns other sources as they are.
     *
     * @throws RunException if the files of the table cannot be read alone
     */
    public static SourceListing of(SparkSession spark, SourceListing listing) {
        SourceFiles source = listing.source();
        if (!DataConfig.isTable(source.path())) {
            return listing;
        }
        CatalogTable table = source.table();
        String format = table == null ? "" : table.format();
        if (!List.of(DELTA, ICEBERG).contains(format) || table.version() == null) {
            throw refused(
                    source, "is no table of Delta or Iceberg with a version, which data.incremental needs", "name one");
        }
        try {
            return format.equals(DELTA) ? delta(spark, source) : iceberg(spark, source);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(source.key() + ": listing the files of " + source.path(), e);
        }
    }

    private static RunException refused(SourceFiles source, String why, String action) {
        return RunException.config(
                source.key() + ": " + source.path() + " " + why + ": " + action + ", or set data.incremental to false");
    }

    private static String name(SourceFiles source) {
        return source.path().substring(DataConfig.TABLE.length());
    }

    private static SourceListing delta(SparkSession spark, SourceFiles source) throws Exception {
        Row detail = spark.sql("DESCRIBE DETAIL " + name(source))
                .select("minReaderVersion", "partitionColumns")
                .head();
        int version = detail.getAs("minReaderVersion");
        if (version != 1) {
            throw refused(
                    source,
                    "has Delta's reader version " + version
                            + ", for column mapping or deletion vectors, and data.incremental reads its files alone",
                    "copy it to a table of reader version 1");
        }
        List<String> partitions = detail.getList(detail.fieldIndex("partitionColumns"));
        String[] files = SourceTable.rows(spark, source).inputFiles();
        for (String file : files) {
            for (String column : partitions) {
                if (!file.contains("/" + column + "=")) {
                    throw refused(
                            source,
                            "has the file " + file + " outside of a folder named " + column + "=…",
                            "write the table again without delta.randomizeFilePrefixes");
                }
            }
        }
        return listing(spark, source, files, partitions);
    }

    private static SourceListing iceberg(SparkSession spark, SourceFiles source) throws Exception {
        String name = name(source);
        List<Row> rows = spark.sql("SELECT content, file_format, file_path FROM " + name + ".files VERSION AS OF "
                        + source.table().version())
                .collectAsList();
        long deletes =
                rows.stream().filter(row -> row.<Integer>getAs("content") != 0).count();
        if (deletes > 0) {
            throw refused(
                    source,
                    "has " + deletes + " delete files, and data.incremental reads its data files alone",
                    "rewrite its data files (system.rewrite_data_files with delete-file-threshold 1)");
        }
        if (rows.stream().anyMatch(row -> !row.getAs("file_format").equals("PARQUET"))) {
            throw refused(source, "has files that are no Parquet", "write the table as Parquet");
        }
        long schemas = Math.max(
                spark.sql("SELECT DISTINCT latest_schema_id FROM " + name
                                + ".metadata_log_entries WHERE latest_schema_id IS NOT NULL")
                        .count(),
                IcebergSchemas.count(spark, name));
        if (schemas > 1) {
            throw refused(
                    source,
                    "has files of " + schemas + " schemas, and data.incremental reads its files alone",
                    "copy it to a new table");
        }
        return listing(
                spark,
                source,
                rows.stream().map(row -> row.<String>getAs("file_path")).toArray(String[]::new),
                List.of());
    }

    private static SourceListing listing(
            SparkSession spark, SourceFiles source, String[] names, List<String> partitions) throws Exception {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        List<String> qualified = new ArrayList<>();
        for (String name : names) {
            Path path = new Path(name);
            // The rows name the file system of their files. The metadata of Iceberg may not.
            qualified.add(path.getFileSystem(hadoop).makeQualified(path).toString());
        }
        List<ListedFile> files = new ArrayList<>();
        SourceTable.describe(spark, qualified.toArray(String[]::new), line -> {
            int time = line.lastIndexOf('\t');
            int bytes = line.lastIndexOf('\t', time - 1);
            files.add(new ListedFile(
                    line.substring(0, bytes),
                    Long.parseLong(line.substring(bytes + 1, time)),
                    Long.parseLong(line.substring(time + 1).strip())));
        });
        SourceFiles.Listing listed = source.listing();
        return new SourceListing(
                new SourceFiles(
                        source.key(),
                        source.split(),
                        source.path(),
                        source.format(),
                        new SourceFiles.Listing(listed.count(), listed.first(), 0, partitions),
                        source.size(),
                        source.fingerprint(),
                        source.table()),
                List.copyOf(files),
                SourceTable.rows(spark, source).schema().toDDL());
    }
}
