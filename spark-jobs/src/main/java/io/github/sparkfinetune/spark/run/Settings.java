package io.github.sparkfinetune.spark.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Usual;
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

    /** Defaults that version 0.1 changed. Runs that began with them keep them. */
    private static final Map<String, String> FORMER = Map.of(
            "training.learning_rate", "5.0E-5",
            "training.num_train_epochs", "1",
            "training.warmup_ratio", "0.0",
            "method.r", "8",
            "method.lora_alpha", "8.0",
            "method.target_modules", "null");

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
     * AFTER}. A key that had its former default and now has its default is not such a key.
     *
     * @param mayDiffer keys that are not compared
     */
    public static List<String> differences(
            Map<String, String> before, Map<String, String> after, Predicate<String> mayDiffer) {
        List<String> differences = new ArrayList<>();
        Set<String> keys = new TreeSet<>(before.keySet());
        keys.addAll(after.keySet());
        keys.removeAll(former(before, after));
        for (String key : keys) {
            if (!mayDiffer.test(key) && !Objects.equals(before.get(key), after.get(key))) {
                differences.add(key + " was " + before.get(key) + " and is now " + after.get(key));
            }
        }
        return differences;
    }

    /** Returns the keys that had their former default and now have their default. */
    private static Set<String> former(Map<String, String> before, Map<String, String> after) {
        Set<String> former = new TreeSet<>(FORMER.keySet());
        former.removeIf(
                key -> !FORMER.get(key).equals(before.get(key)) || Objects.equals(after.get(key), before.get(key)));
        if (!former.isEmpty()) {
            Map<String, String> defaults = of(Usual.run(after.get("task"), after.get("method.type")));
            former.removeIf(key -> !Objects.equals(after.get(key), defaults.get(key)));
        }
        return former;
    }

    /** Returns a run with the defaults that it began with. */
    static RunConfig withFormer(RunConfig run, RunConfig begun) {
        Set<String> former = former(of(begun), of(run));
        return former.isEmpty()
                ? run
                : RunConfigLoader.with(
                        run,
                        "run.yaml",
                        former.stream().map(key -> key + "=" + FORMER.get(key)).toList());
    }
}
