package io.github.sparkfinetune.data.task;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * That a source has what a task is trained on.
 *
 * @param evidence what was found, for people
 * @param settings keys that say so to the task, and usual ones for such a source
 */
public record Recognition(String evidence, Map<String, String> settings) {
    public Recognition {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** Without settings. */
    public Recognition(String evidence) {
        this(evidence, Map.of());
    }

    /** With one more setting. */
    public Recognition with(String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(key, value);
        return new Recognition(evidence, more);
    }
}
