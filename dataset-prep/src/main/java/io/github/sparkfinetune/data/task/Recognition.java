package io.github.sparkfinetune.data.task;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Evidence that a source has the columns a task is trained on.
 *
 * @param evidence evidence, for people
 * @param settings configuration keys that select these columns, and usual ones for such a source
 */
public record Recognition(String evidence, Map<String, String> settings) {
    public Recognition {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** Creates a recognition without settings. */
    public Recognition(String evidence) {
        this(evidence, Map.of());
    }

    /** Returns this recognition with one more setting. */
    public Recognition with(String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(key, value);
        return new Recognition(evidence, more);
    }
}
