package io.github.sparkfinetune.conf.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Reads the configuration of a run from {@code defaults.yaml}, {@code usual.yaml}, the run's YAML file and the
 * overrides of the command line; the later source wins. Every error is one line that names the key and the file and
 * line, or the override.
 */
public final class RunConfigLoader {
    private static final String DEFAULTS = "defaults.yaml";
    private static final YAMLMapper WRITER = YAMLMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .build();
    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    /** Name of the folder in a stage's {@code output.dir} for its model with the adapter merged. */
    public static final String MERGED = "merged";

    private RunConfigLoader() {}

    /**
     * Reads the file of a run.
     *
     * @param overrides {@code section.key=value}; the last value of a key wins. A value is YAML, so it may be a flow
     *     list or map.
     * @throws RunException with {@link ExitCode#CONFIG} if the file cannot be read, is not YAML, has an unknown or
     *     repeated key, lacks a required key, or has a value of the wrong type or out of range
     */
    public static RunConfig load(Path file, List<String> overrides) {
        return parse(read(file), file.toString(), overrides);
    }

    /**
     * Reads the runs of a file: a single run, or one run for each stage of its {@code pipeline}.
     *
     * @param overrides as for {@link #load}, applied to all stages; {@code pipeline.STAGE.section.key=value} sets a key
     *     of one stage
     * @throws RunException as {@link #load}
     */
    public static List<Stage> loadStages(Path file, List<String> overrides) {
        return parseStages(read(file), file.toString(), overrides);
    }

    /** Reads stages like {@link #loadStages}, from text that errors call {@code name}. */
    public static List<Stage> parseStages(String yaml, String name, List<String> overrides) {
        return Stages.read(defaults(), yaml, name, overrides);
    }

    /** Returns the folder of a stage's model with the adapter merged, from which the next stage starts. */
    public static String merged(RunConfig stage) {
        return stage.output().dir() + "/" + MERGED;
    }

    /**
     * Reads a run's configuration from text, for example text that {@link #toYaml} wrote.
     *
     * @param name name of the text in errors, usually its file
     * @param overrides as for {@link #load}
     * @throws RunException as {@link #load}
     */
    public static RunConfig parse(String yaml, String name, List<String> overrides) {
        Settings settings = new Settings();
        settings.addDefaults(DEFAULTS, defaults());
        settings.addFile(name, yaml);
        overrides.forEach(settings::addOverride);
        return new Binder(settings, name).bind();
    }

    /**
     * Returns a run with other settings.
     *
     * @param name name of the other settings in errors
     * @param overrides as for {@link #load}
     * @throws RunException as {@link #load}
     */
    public static RunConfig with(RunConfig run, String name, List<String> overrides) {
        return parse(toYaml(run), name, overrides);
    }

    /** Returns the override that sets a key to a text, whatever characters the text has. */
    public static String override(String key, String text) {
        return key + "='" + text.replace("'", "''") + "'";
    }

    /** Writes the whole configuration, defaults included, as YAML that {@link #parse} reads back to an equal value. */
    public static String toYaml(RunConfig config) {
        try {
            return WRITER.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Returns the configuration as it may be shown outside of the cluster: without the values that are taken from the
     * data. Texts of {@code data.redact.keep} and names of labels in {@code classification.class_weight} are numbered
     * instead.
     */
    public static RunConfig withoutData(RunConfig config) {
        return Records.map(config, (key, value) -> {
            if (key.equals("data.redact.keep") && value instanceof List<?> texts) {
                return numbered("text", texts.size());
            }
            if (value instanceof ClassWeight weight && weight.value() instanceof Map<?, ?> weights) {
                Map<String, Double> named = new LinkedHashMap<>();
                List<String> names = numbered("label", weights.size());
                weights.values().forEach(one -> named.put(names.get(named.size()), (Double) one));
                return ClassWeight.of(named);
            }
            return value;
        });
    }

    private static List<String> numbered(String what, int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> what + " " + i).toList();
    }

    /** Writes the whole configuration as JSON, which is also YAML; see {@link #toYaml}. */
    public static String toJson(RunConfig config) {
        try {
            return JSON.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String defaults() {
        try (InputStream in = RunConfigLoader.class.getResourceAsStream(DEFAULTS)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw RunException.config(file + ": no such file: name the run's YAML file with --config");
        } catch (CharacterCodingException e) {
            throw RunException.config(file + ": is not UTF-8 text: save it as UTF-8");
        } catch (IOException e) {
            throw RunException.config(file + ": cannot be read: " + e.getMessage());
        }
    }
}
