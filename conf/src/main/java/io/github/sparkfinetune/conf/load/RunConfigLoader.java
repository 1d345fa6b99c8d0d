package io.github.sparkfinetune.conf.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads the configuration of a run: {@code defaults.yaml}, over it the run's own YAML file, over that the overrides of
 * the command line. Every error is one line that names the file and line (or the override) and the key.
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

    /** Folder of a stage's model with its adapter merged, in its {@code output.dir}. */
    public static final String MERGED = "merged";

    private RunConfigLoader() {}

    /**
     * Reads a run's file.
     *
     * @param overrides {@code section.key=value}, later ones win; a value is YAML, so it may be a flow list or map
     * @throws RunException with {@link ExitCode#CONFIG} when the file can not be read, is not YAML, has an unknown or
     *     repeated key, lacks a required one, or has a value of the wrong type or out of range
     */
    public static RunConfig load(Path file, List<String> overrides) {
        return parse(read(file), file.toString(), overrides);
    }

    /**
     * Reads the runs of a file: one, or a stage each of its {@code pipeline}.
     *
     * @param overrides as in {@link #load}, for all stages; {@code pipeline.STAGE.section.key=value} for one
     * @throws RunException as in {@link #load}
     */
    public static List<Stage> loadStages(Path file, List<String> overrides) {
        return parseStages(read(file), file.toString(), overrides);
    }

    /** As {@link #loadStages}, from text that errors call {@code name}. */
    public static List<Stage> parseStages(String yaml, String name, List<String> overrides) {
        return Stages.read(defaults(), yaml, name, overrides);
    }

    /** Where a stage's model is that goes on to the next one with its adapter merged. */
    public static String merged(RunConfig stage) {
        return stage.output().dir() + "/" + MERGED;
    }

    /**
     * Reads a run's configuration from text, for instance what {@link #toYaml} wrote.
     *
     * @param name how errors call the text: the file it came from
     * @param overrides as in {@link #load}
     * @throws RunException as in {@link #load}
     */
    public static RunConfig parse(String yaml, String name, List<String> overrides) {
        Settings settings = new Settings();
        settings.addDefaults(DEFAULTS, defaults());
        settings.addFile(name, yaml);
        overrides.forEach(settings::addOverride);
        return new Binder(settings, name).bind();
    }

    /** The whole configuration with every default in it, as YAML that {@link #parse} reads back to an equal value. */
    public static String toYaml(RunConfig config) {
        try {
            return WRITER.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #toYaml}, as JSON, which is YAML too. */
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
            throw RunException.config(file + ": can not be read: " + e.getMessage());
        }
    }
}
