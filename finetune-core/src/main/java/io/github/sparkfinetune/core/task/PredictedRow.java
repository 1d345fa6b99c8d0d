package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.task.TaskInput;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A row that a task writes for an input; a record with the components {@code index}, {@code file} and {@code error}.
 */
public interface PredictedRow {
    /** Returns the place of the row in the source. */
    long index();

    /** Returns the reason why the row cannot be predicted, or null. */
    String error();

    /**
     * Returns the row of an input that cannot be predicted. All other columns are null.
     *
     * @param type type of the task's rows
     */
    static <R extends Record & PredictedRow> R unusable(RowType<R> type, TaskInput input, String error) {
        return type.create(column -> switch (column.name()) {
            case "index" -> input.index();
            case "file" -> input.file();
            case "error" -> error;
            default -> null;
        });
    }

    /**
     * Returns the rows of inputs, in their order.
     *
     * @param type type of the task's rows
     * @param predicted returns the row of the usable input with an index in {@code inputs}; is called in their order
     */
    static <R extends Record & PredictedRow> List<PredictedRow> of(
            RowType<R> type, List<TaskInput> inputs, IntFunction<? extends PredictedRow> predicted) {
        List<PredictedRow> rows = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            String error = inputs.get(i).error();
            rows.add(error == null ? predicted.apply(i) : unusable(type, inputs.get(i), error));
        }
        return rows;
    }
}
