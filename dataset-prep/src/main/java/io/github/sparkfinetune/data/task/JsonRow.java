package io.github.sparkfinetune.data.task;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Record that is a JSON object.
 *
 * @param file name of the record's source in messages
 * @param object the record's columns
 * @param columns columns in the order of the values; null if the only value is the whole object
 */
public record JsonRow(String file, JsonNode object, List<String> columns) implements RawRow {

    /** Returns a record with the values that a task reads. */
    public static JsonRow of(String file, JsonNode object, Reading<?> reading) {
        List<String> columns = reading instanceof Reading.Texts<?> texts
                ? texts.columns().stream().map(Reading.Column::name).toList()
                : null;
        return new JsonRow(file, object, columns);
    }

    @Override
    public boolean isCorrupt() {
        return false;
    }

    @Override
    public String text(int column) {
        if (columns == null) {
            return object.toString();
        }
        JsonNode value = object.path(columns.get(column));
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        return value.isTextual() ? value.textValue() : value.toString();
    }
}
