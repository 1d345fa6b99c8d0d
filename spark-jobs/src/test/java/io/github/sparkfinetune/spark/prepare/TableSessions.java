package io.github.sparkfinetune.spark.prepare;

import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** Sessions with tables of Delta in their own catalog and of Iceberg in the catalog {@code lake}. */
public final class TableSessions {
    private TableSessions() {}

    /** Returns a session that is not open yet. */
    public static SparkSession.Builder in(Path warehouse) {
        return SparkSession.builder()
                .master("local[2]")
                .appName("tables-test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .config("spark.databricks.delta.snapshotPartitions", 2)
                .config("spark.sql.warehouse.dir", warehouse.toString())
                .config(
                        "spark.sql.extensions",
                        "io.delta.sql.DeltaSparkSessionExtension,"
                                + "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
                .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
                .config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
                .config("spark.sql.catalog.lake.type", "hadoop")
                .config(
                        "spark.sql.catalog.lake.warehouse",
                        warehouse.resolve("lake").toString());
    }
}
