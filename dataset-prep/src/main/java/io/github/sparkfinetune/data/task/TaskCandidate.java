package io.github.sparkfinetune.data.task;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Task that a source can train, with the evidence and the columns.
 *
 * @param evidence evidence, for people
 * @param settings configuration keys that select these columns, and usual ones for such a source
 */
public record TaskCandidate(String evidence, Map<String, String> settings) {
    public TaskCandidate {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** Creates a candidate without settings. */
    public TaskCandidate(String evidence) {
        this(evidence, Map.of());
    }

    /** Returns this candidate with one more setting. */
    public TaskCandidate with(String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(key, value);
        return new TaskCandidate(evidence, more);
    }
}
