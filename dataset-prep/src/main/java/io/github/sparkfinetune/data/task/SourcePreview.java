package io.github.sparkfinetune.data.task;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataFormat;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Beginning of a source, by which each task decides whether the source suits it.
 *
 * @param format never auto
 * @param columns names of the columns; none for texts in folders and for lines
 * @param rows first rows, JSON objects
 * @param labelFolders true if texts are in folders below the source
 * @param named columns that the configuration names, by key
 */
public record SourcePreview(
        DataFormat format, List<String> columns, List<JsonNode> rows, boolean labelFolders, Map<String, String> named) {
    public SourcePreview {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        named = Map.copyOf(named);
    }

    /** Returns whether each file or line is a text, without columns. */
    public boolean isBareTexts() {
        return format.bareText().isPresent();
    }

    /**
     * Returns the column for a key: the configured column, else the first of the usual names whose column has values of
     * the right kind.
     */
    public Optional<String> column(String key, List<String> usual, Predicate<JsonNode> kind) {
        if (named.containsKey(key)) {
            return Optional.of(named.get(key)).filter(columns::contains);
        }
        return usual.stream()
                .flatMap(name -> columns.stream().filter(name::equalsIgnoreCase))
                .filter(column -> has(column, kind))
                .findFirst();
    }

    /** Returns the column as {@link #column} does, else the column with the longest texts. */
    public Optional<String> textColumn(String key, List<String> usual, Predicate<String> allowed) {
        return column(key, usual, JsonNode::isTextual)
                .filter(allowed)
                .or(() -> named.containsKey(key)
                        ? Optional.empty()
                        : columns.stream()
                                .filter(allowed)
                                .filter(column -> has(column, JsonNode::isTextual))
                                .max(Comparator.comparingDouble(this::meanLength)));
    }

    /** Returns whether a column has values, all of one kind. */
    public boolean has(String column, Predicate<JsonNode> kind) {
        return values(column).findAny().isPresent() && values(column).allMatch(kind);
    }

    /** Returns the values of the rows in a column. */
    public Stream<JsonNode> values(String column) {
        return rows.stream().map(row -> row.path(column)).filter(value -> !value.isMissingNode() && !value.isNull());
    }

    private double meanLength(String column) {
        return values(column)
                .mapToInt(value -> value.asText().length())
                .average()
                .orElse(0);
    }
}
