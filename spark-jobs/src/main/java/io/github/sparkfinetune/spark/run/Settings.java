package io.github.sparkfinetune.spark.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Settings of a run as texts by key, for comparison with an earlier command's settings. */
public final class Settings {
    private static final YAMLMapper YAML = new YAMLMapper();

    private Settings() {}

    /** Returns all settings of a run, with defaults. */
    public static Map<String, String> of(RunConfig config) {
        try {
            Map<String, String> settings = new TreeMap<>();
            collect("", YAML.readTree(RunConfigLoader.toYaml(config)), settings);
            return settings;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void collect(String prefix, JsonNode node, Map<String, String> settings) {
        if (node.isObject()) {
            node.fields()
                    .forEachRemaining(field -> collect(
                            prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey(),
                            field.getValue(),
                            settings));
        } else {
            settings.put(prefix, node.isArray() ? node.toString() : node.asText());
        }
    }

    /**
     * Returns the keys with different values, or with a value on one side only: {@code KEY was BEFORE and is now
     * AFTER}.
     *
     * @param mayDiffer keys that are not compared
     */
    public static List<String> differences(
            Map<String, String> before, Map<String, String> after, Predicate<String> mayDiffer) {
        List<String> differences = new ArrayList<>();
        Set<String> keys = new TreeSet<>(before.keySet());
        keys.addAll(after.keySet());
        for (String key : keys) {
            if (!mayDiffer.test(key) && !Objects.equals(before.get(key), after.get(key))) {
                differences.add(key + " was " + before.get(key) + " and is now " + after.get(key));
            }
        }
        return differences;
    }
}
