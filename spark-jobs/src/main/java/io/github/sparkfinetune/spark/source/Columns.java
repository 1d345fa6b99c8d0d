package io.github.sparkfinetune.spark.source;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;

/** Columns of a DataFrame. */
public final class Columns {
    private Columns() {}

    /** A column by its whole name: a dot in it is no path into a structure. */
    public static Column named(String name) {
        return functions.col("`" + name.replace("`", "``") + "`");
    }
}
