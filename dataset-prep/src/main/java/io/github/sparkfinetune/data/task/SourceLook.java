package io.github.sparkfinetune.data.task;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What the beginning of a source shows, from which each task tells whether the source is for it.
 *
 * @param format never auto
 * @param columns names of its columns; none of texts in folders and of lines
 * @param rows its first rows, JSON objects
 * @param labelFolders of texts in folders, whether they are in folders of the source
 * @param named columns that were named beforehand, by their keys
 */
public record SourceLook(
        DataFormat format, List<String> columns, List<JsonNode> rows, boolean labelFolders, Map<String, String> named) {
    public SourceLook {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        named = Map.copyOf(named);
    }

    /** Whether its files or lines are a text each, without columns. */
    public boolean isBareTexts() {
        return format == DataFormat.TEXT || format == DataFormat.TEXT_FOLDERS;
    }

    /**
     * The column that a key means: the one that was named, else the first of the usual names that is there with values
     * of the right kind.
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

    /** As {@link #column}, else the column with the longest texts. */
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

    /** Whether a column has values, all of a kind. */
    public boolean has(String column, Predicate<JsonNode> kind) {
        return values(column).findAny().isPresent() && values(column).allMatch(kind);
    }

    /** The values that rows have in a column. */
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
