package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.data.hf.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Prints the number of rows in Parquet files and folders, a digest that does not depend on their order, and the schema
 * as JSON: {@code RowsDigest PATH...}.
 */
public final class RowsDigest {
    private RowsDigest() {}

    public static void main(String[] arguments) throws Exception {
        try (SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            Dataset<Row> table = spark.read().parquet(arguments);
            System.out.println(of(table));
            System.out.println(table.schema().json());
        }
    }

    /** Returns the number of rows and their digest. */
    static String of(Dataset<Row> table) {
        List<String> rows = table.toJSON().collectAsList();
        MessageDigest digest = Sha256.digest();
        rows.stream().sorted().forEach(row -> digest.update((row + "\n").getBytes(StandardCharsets.UTF_8)));
        return rows.size() + " " + HexFormat.of().formatHex(digest.digest());
    }
}
