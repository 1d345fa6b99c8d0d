package io.github.sparkfinetune.spark.source;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;

/** Columns of a DataFrame. */
public final class Columns {
    private Columns() {}

    /** Returns a column by its full name: a dot in the name is not a path into a structure. */
    public static Column named(String name) {
        return functions.col("`" + name.replace("`", "``") + "`");
    }
}
