package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.RunConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Defaults that depend on task and method, from {@code usual.yaml}. A run that sets a key does not have them. */
public final class Usual {
    private static final String TASK = "task";
    private static final String METHOD = "method";
    private static final List<Entry> ENTRIES = read();

    private Usual() {}

    /**
     * Defaults of some runs.
     *
     * @param tasks names of the tasks; empty for all
     * @param methods names of the methods; empty for all
     * @param values values by key
     */
    record Entry(List<?> tasks, List<?> methods, Map<String, String> values) {
        private boolean fits(String task, String method) {
            return (tasks.isEmpty() || tasks.contains(task)) && (methods.isEmpty() || methods.contains(method));
        }

        private static Entry of(Map<String, Object> line) {
            Map<String, String> values = new LinkedHashMap<>();
            line.forEach((key, value) -> {
                if (!key.equals(TASK) && !key.equals(METHOD)) {
                    values.put(key, String.valueOf(value));
                }
            });
            return new Entry(
                    (List<?>) line.getOrDefault(TASK, List.of()),
                    (List<?>) line.getOrDefault(METHOD, List.of()),
                    values);
        }
    }

    private static List<Entry> read() {
        try (InputStream in = Usual.class.getResourceAsStream("usual.yaml")) {
            List<Entry> entries = new ArrayList<>();
            List<Map<String, Object>> lines = new Yaml(new SafeConstructor(new LoaderOptions())).load(in);
            lines.forEach(line -> entries.add(Entry.of(line)));
            return entries;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns all entries; the last one that fits counts. */
    static List<Entry> entries() {
        return ENTRIES;
    }

    /** Returns the values by key, for a task and a method by their names. */
    static Map<String, String> of(String task, String method) {
        Map<String, String> values = new LinkedHashMap<>();
        ENTRIES.stream().filter(entry -> entry.fits(task, method)).forEach(entry -> values.putAll(entry.values()));
        return values;
    }

    /** Returns a run that sets only its task and method, by their names, and what every run must set. */
    public static RunConfig run(String task, String method) {
        String run = "{model: m, task: %s, method: {type: %s}, data: {train: t}, output: {dir: o}}";
        return RunConfigLoader.parse(run.formatted(task, method), "usual.yaml", List.of());
    }
}
