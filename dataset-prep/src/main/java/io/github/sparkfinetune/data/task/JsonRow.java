package io.github.sparkfinetune.data.task;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Record that is a JSON object.
 *
 * @param file name of the record's source in messages
 * @param object the record's columns
 * @param columns columns in the order of the values; null if the only value is the whole object
 * @param personColumn column of the record's person, or null
 */
public record JsonRow(String file, JsonNode object, List<String> columns, String personColumn) implements RawRow {

    /**
     * Returns a record with the values that a task reads.
     *
     * @param personColumn column of the record's person, or null
     */
    public static JsonRow of(String file, JsonNode object, Reading<?> reading, String personColumn) {
        List<String> columns = reading instanceof Reading.Texts<?> texts
                ? texts.columns().stream().map(Reading.Column::name).toList()
                : null;
        return new JsonRow(file, object, columns, personColumn);
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
        return text(columns.get(column));
    }

    @Override
    public String person() {
        return personColumn == null ? null : text(personColumn);
    }

    private String text(String column) {
        JsonNode value = object.path(column);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        return value.isTextual() ? value.textValue() : value.toString();
    }
}
