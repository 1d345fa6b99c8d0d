package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.metric.Metrics;
import java.util.function.Consumer;

/**
 * Metrics that are computed from rows.
 *
 * @param <R> record of the columns that the metrics need, all of which the task's evaluation has
 */
public final class MeasuredRows<R extends Record> {
    private final RowType<R> type;
    private final Metrics metrics;
    private final Consumer<R> count;

    /**
     * @param metrics metrics of no sample
     * @param count adds a row to {@code metrics}
     */
    public MeasuredRows(Class<R> type, Metrics metrics, Consumer<R> count) {
        this.type = RowType.of(type);
        this.metrics = metrics;
        this.count = count;
    }

    /** Returns the columns that the metrics need. */
    public RowType<R> type() {
        return type;
    }

    /** Returns the metrics of all rows so far. */
    public Metrics metrics() {
        return metrics;
    }

    /** Adds a row. */
    public void add(R row) {
        count.accept(row);
    }
}
