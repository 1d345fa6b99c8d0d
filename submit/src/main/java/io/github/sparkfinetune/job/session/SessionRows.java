package io.github.sparkfinetune.job.session;

import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Rows of a session as the source of a run. */
public final class SessionRows {
    private SessionRows() {}

    /**
     * Registers rows as a view and returns the source {@code table:NAME} for a run. The name is a hash of the rows,
     * independent of their order and of the session. So a run on equal rows finds its prepared dataset, and other rows
     * make another run.
     */
    public static String view(Dataset<Row> rows) {
        Row sums = rows.selectExpr(
                        "count(1) as rows", "hex(cast(coalesce(sum(xxhash64(*) % 4294967296), 0) as bigint)) as hash")
                .head();
        String name = "rows_" + sums.<Long>getAs("rows") + "_"
                + sums.<String>getAs("hash").toLowerCase(Locale.ROOT);
        rows.createOrReplaceTempView(name);
        return "table:" + name;
    }
}
