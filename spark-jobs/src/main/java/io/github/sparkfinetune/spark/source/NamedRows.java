package io.github.sparkfinetune.spark.source;

import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Rows of a session, which a run finds again by a name of their content. */
public final class NamedRows {
    private NamedRows() {}

    /**
     * Registers rows as a view and returns the source {@code table:NAME} for a run. So a run on equal rows finds its
     * prepared dataset, and other rows make another run.
     */
    public static String view(Dataset<Row> rows) {
        String name = name(rows);
        rows.createOrReplaceTempView(name);
        return "table:" + name;
    }

    /**
     * Returns a name of rows for which all of them are read: their number and a hash, independent of their order and of
     * the session.
     */
    public static String name(Dataset<Row> rows) {
        Row sums = rows.selectExpr(
                        "count(1) as rows", "hex(cast(coalesce(sum(xxhash64(*) % 4294967296), 0) as bigint)) as hash")
                .head();
        return "rows_" + sums.<Long>getAs("rows") + "_"
                + sums.<String>getAs("hash").toLowerCase(Locale.ROOT);
    }
}
