package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.metric.Metrics;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Rows of tasks by the names of their columns. */
public final class TestRows {
    private TestRows() {}

    /** Returns the values of a row by the names of their columns. */
    public static Map<String, Object> named(Object row) {
        return RowType.of(row.getClass().asSubclass(Record.class)).named(row);
    }

    /** Returns the values of rows by the names of their columns. */
    public static List<Map<String, Object>> named(Iterator<?> rows) {
        List<Map<String, Object>> named = new ArrayList<>();
        rows.forEachRemaining(row -> named.add(named(row)));
        return named;
    }

    /** Returns the metrics of rows of an evaluation. */
    public static <R extends Record> Metrics measured(MeasuredRows<R> empty, Iterator<?> rows) {
        named(rows).forEach(row -> empty.add(empty.type().create(column -> row.get(column.name()))));
        return empty.metrics();
    }

    /** Returns the metrics of values in the order of the columns that the metrics need. */
    public static <R extends Record> Metrics measuredValues(MeasuredRows<R> empty, Object[]... rows) {
        List<String> names = empty.type().names();
        for (Object[] row : rows) {
            empty.add(empty.type().create(column -> row[names.indexOf(column.name())]));
        }
        return empty.metrics();
    }
}
