package io.github.sparkfinetune.bench;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Creates an empty table with the columns of Parquet files, or prints the number of a table's rows and their digest, as
 * {@link RowsDigest} does: {@code TableDigest create FORMAT PARQUET TABLE} and {@code TableDigest rows TABLE}. System
 * properties {@code spark.*} set the catalogs.
 */
public final class TableDigest {
    private TableDigest() {}

    public static void main(String[] arguments) throws Exception {
        try (SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            if (arguments[0].equals("create")) {
                StructType columns = spark.read().parquet(arguments[2]).schema();
                spark.sql("CREATE TABLE " + arguments[3] + " (" + columns.toDDL() + ") USING " + arguments[1]);
            } else {
                System.out.println(RowsDigest.of(spark.table(arguments[1])));
            }
        }
    }
}
