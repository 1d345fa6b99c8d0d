package io.github.sparkfinetune.spark.init;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.task.SourcePreview;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds a column of patients, users or threads. A model should not be tested on a patient that it was trained on. */
final class GroupColumn {
    private static final String GROUPS = "patient|subject|user|author|speaker|customer|client|member|person|thread"
            + "|conversation|session|dialogue|dialog";
    /** Names that also occur for columns of texts, unless they end with id. */
    private static final String GROUP_IDS = GROUPS + "|case|encounter|document|doc|group|source";

    private static final Pattern NAME =
            Pattern.compile("(" + GROUPS + ")|(" + GROUP_IDS + ")[_-]?id", Pattern.CASE_INSENSITIVE);
    /** Fewest groups: each side of the split needs a group. */
    private static final int FEWEST = 3;

    private GroupColumn() {}

    /**
     * Returns the first column with such a name in which some rows have the same value.
     *
     * @param used columns that hold texts, labels or other data of the task
     */
    static Optional<String> of(SourcePreview preview, Collection<String> used) {
        return preview.columns().stream()
                .filter(column -> NAME.matcher(column).matches() && !used.contains(column))
                .filter(column -> preview.has(column, JsonNode::isValueNode))
                .filter(column -> {
                    List<String> values =
                            preview.values(column).map(JsonNode::asText).toList();
                    long groups = values.stream().distinct().count();
                    return groups >= FEWEST && groups < values.size();
                })
                .findFirst();
    }
}
