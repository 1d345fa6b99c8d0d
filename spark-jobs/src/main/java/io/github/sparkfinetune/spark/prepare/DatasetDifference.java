package io.github.sparkfinetune.spark.prepare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Difference between a finished dataset and the dataset that a run needs, for people. */
final class DatasetDifference {
    private DatasetDifference() {}

    /** Returns the first difference, or null if the dataset is what the run needs. */
    static String of(Manifest manifest, Task task, DatasetOptions options, List<Manifest.Source> sources) {
        if (manifest.task() != task) {
            return "task: " + manifest.task() + ", this run has " + task;
        }
        ObjectMapper mapper = new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
        String option = option("data", mapper.valueToTree(manifest.options()), mapper.valueToTree(options));
        if (option != null) {
            return option;
        }
        if (!plain(manifest.sources()).equals(plain(sources))) {
            return "other source files, or the files have changed since";
        }
        return null;
    }

    /** Returns whether the only difference of a dataset that grows is that its sources have other files. */
    static boolean isOlder(Manifest manifest, Task task, DatasetOptions options, List<Manifest.Source> sources) {
        return manifest.options().incremental() != null
                && of(manifest, task, options, manifest.sources()) == null
                && names(manifest.sources()).equals(names(sources))
                && !plain(manifest.sources()).equals(plain(sources));
    }

    private static List<String> names(List<Manifest.Source> sources) {
        return sources.stream()
                .map(source -> source.key() + ": " + source.path())
                .toList();
    }

    /** Returns the sources without their tables, which datasets of earlier versions do not name. */
    private static List<Manifest.Source> plain(List<Manifest.Source> sources) {
        return sources.stream().map(Manifest.Source::withoutTable).toList();
    }

    /**
     * Returns the first option that differs, with both values, or null.
     *
     * @param section section of the configuration with the keys of the options
     */
    private static String option(String section, JsonNode before, JsonNode here) {
        Set<String> names = new LinkedHashSet<>();
        here.fieldNames().forEachRemaining(names::add);
        before.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            JsonNode old = before.path(name);
            JsonNode current = here.path(name);
            if (old.isObject() && current.isObject()) {
                String inside = option(section(section, name), old, current);
                if (inside != null) {
                    return inside;
                }
            } else if (!old.equals(current)) {
                return key(section, name) + ": " + shown(old) + ", this run has " + shown(current);
            }
        }
        return null;
    }

    /** Returns the section of the configuration with the fields of an option. */
    private static String section(String section, String option) {
        return switch (option) {
            case "documents" -> section;
            case "question_answering" -> option;
            default -> section + "." + option;
        };
    }

    private static String key(String section, String option) {
        return (option.equals("problem_type") ? "classification" : section) + "." + option;
    }

    private static String shown(JsonNode option) {
        if (option.isMissingNode()) {
            return "none";
        }
        return option.isValueNode() ? option.asText() : option.isObject() ? "some" : option.toString();
    }
}
