package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.ColumnNames;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Key;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes {@code CONFIG.md}: types and marks come from the records, allowed values from their checks, meanings from
 * their Javadoc, and defaults from {@code defaults.yaml} and {@code usual.yaml}.
 */
final class ConfigReference {
    private static final RunConfig VALID = RunConfigLoader.parse(
            "{model: m, task: classification, data: {train: t}, output: {dir: o}}", "run.yaml", List.of());
    private static final Pattern LINE = Pattern.compile("( *)(\\w+): *(.*)");
    private static final ConfigJavadoc JAVADOC = new ConfigJavadoc();
    private static final int INDENT = 2;
    private static final String ALLOWED = "it must be ";

    private ConfigReference() {}

    /** Returns the defaults of all keys except sections, as written. */
    static Map<String, String> defaults() {
        Map<String, String> lines = new LinkedHashMap<>();
        List<String> sections = new ArrayList<>();
        for (String text : read().split("\n", -1)) {
            Matcher line = LINE.matcher(text);
            if (!line.matches()) {
                continue;
            }
            int depth = line.group(1).length() / INDENT;
            sections.subList(depth, sections.size()).clear();
            String key = Keys.path(String.join(".", sections), line.group(2));
            if (line.group(3).isEmpty()) {
                sections.add(line.group(2));
            } else {
                lines.put(key, line.group(3));
            }
        }
        return lines;
    }

    private static String read() {
        try (InputStream in = RunConfigLoader.class.getResourceAsStream("defaults.yaml")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether the key's type has values that the key does not accept. */
    static boolean needsCheck(RecordComponent component) {
        Class<?> type = component.getType();
        boolean mayBeNull =
                mark(component).map(Key::optional).orElse(false) && type != Integer.class && type != Double.class;
        return !mayBeNull && type != boolean.class && type != long.class;
    }

    /** Returns the records' error for a value that the key does not accept: null, a blank text or -1. */
    static Optional<RunException> refusal(String key) {
        Class<?> type = Keys.all().get(key).getType();
        Map<Class<?>, Object> bad = Map.of(
                int.class,
                -1,
                Integer.class,
                -1,
                long.class,
                -1L,
                double.class,
                -1.0,
                Double.class,
                -1.0,
                String.class,
                " ");
        try {
            Records.map(VALID, (other, value) -> other.equals(key) ? bad.get(type) : value);
            return Optional.empty();
        } catch (RunException refused) {
            return Optional.of(refused);
        }
    }

    static String markdown() {
        StringBuilder text = new StringBuilder("""
                # Configuration

                Every key of a run's YAML file. `--set key=value` sets a key on the command line; `--set section=null`
                gives the keys of a section their defaults. An unknown key is refused; the message suggests the nearest known key.

                - The last column names the key's counterpart in Hugging Face's libraries: a class if the name is the same, else
                  `Class.name`; empty if there is none.
                - A key marked \\* may differ between two commands of one run, because what is trained does not depend on it. If any
                  other key differs, the output folder is refused.

                This page is generated from the records in `conf`, their Javadoc, `defaults.yaml` and `usual.yaml`:
                `./mvnw -pl conf test -Dtest=ConfigReferenceTest -Dconfig.write=true`; the build fails if the page is out of date.
                """);
        Map<String, String> lines = defaults();
        // A section may lie between the keys of the section around it.
        Map<String, StringBuilder> sections = new LinkedHashMap<>();
        lines.forEach((key, value) -> sections.computeIfAbsent(section(key), section -> new StringBuilder())
                .append(row(key, value)));
        sections.forEach((section, rows) -> text.append(section.isEmpty() ? "" : "\n## " + section + "\n")
                .append("\n| key | meaning | values | default | Hugging Face |\n|---|---|---|---|---|\n")
                .append(rows));
        text.append("""

                ## Defaults of tasks and methods

                For a run that does not set the key. Of several lines that fit, the last one counts. A run that began with the defaults of an
                earlier version keeps them.

                | task | method | key | default |
                |---|---|---|---|
                """);
        Usual.entries()
                .forEach(entry -> entry.values()
                        .forEach(
                                (key, value) -> text.append("| " + names(entry.tasks()) + " | " + names(entry.methods())
                                        + " | `" + key + "` | `" + value.replace('E', 'e') + "` |\n")));
        return text.toString();
    }

    private static String names(List<?> names) {
        return names.isEmpty()
                ? "all"
                : names.stream().map(name -> "`" + name + "`").collect(Collectors.joining(", "));
    }

    private static String row(String key, String value) {
        boolean required = value.equals("null") && !Keys.isOptional(key);
        return "| "
                + String.join(
                        " | ",
                        "`" + key + "`" + (Keys.mayChange(key) ? " \\*" : ""),
                        meaning(key),
                        values(key),
                        required ? "**required**" : "`" + value + "`" + others(key),
                        hf(key))
                + " |\n";
    }

    private static String others(String key) {
        return Usual.entries().stream().anyMatch(entry -> entry.values().containsKey(key))
                ? ", [others](#defaults-of-tasks-and-methods)"
                : "";
    }

    /** Returns the meaning of a key, with the meanings of its values if it names constants; empty if it has none. */
    static String meaning(String key) {
        RecordComponent component = Keys.all().get(key);
        String meaning = JAVADOC.of(component);
        Class<?> type = component.getType() == List.class ? Keys.elements(key) : component.getType();
        if (meaning == null || !type.isEnum()) {
            return meaning == null ? "" : meaning;
        }
        return Scalars.constants(type).entrySet().stream()
                .map(constant -> "`" + constant.getKey() + "`: " + JAVADOC.of((Enum<?>) constant.getValue()))
                .collect(Collectors.joining("<br>", meaning + "<br>", ""));
    }

    private static String values(String key) {
        RecordComponent component = Keys.all().get(key);
        Class<?> type = component.getType();
        if (type.isEnum()) {
            return Scalars.constants(type).keySet().stream().collect(Collectors.joining("`, `", "`", "`"));
        }
        if (type == boolean.class || type == Boolean.class) {
            return "`true`, `false`";
        }
        if (type == String.class) {
            return mark(component).filter(Key::path).isPresent() ? "path" : "text";
        }
        if (type == ModuleNames.class || type == ColumnNames.class) {
            return "list of texts, or text";
        }
        if (type == ClassWeight.class) {
            return "map of numbers, or `" + ClassWeight.BALANCED + "`";
        }
        if (Map.class.isAssignableFrom(type)) {
            return "map";
        }
        if (type == List.class) {
            return listOf(Keys.elements(key));
        }
        String range = refusal(key)
                .map(RunException::getMessage)
                .map(message -> ", " + message.substring(message.indexOf(ALLOWED) + ALLOWED.length()))
                .orElse("");
        return (type == double.class || type == Double.class ? "number" : "whole number") + range;
    }

    private static String listOf(Class<?> element) {
        if (element.isEnum()) {
            return Scalars.constants(element).keySet().stream().collect(Collectors.joining("`, `", "list of `", "`"));
        }
        if (element.isRecord()) {
            return Arrays.stream(element.getRecordComponents())
                    .map(component -> Keys.path("", component))
                    .collect(Collectors.joining("`, `", "list of sections of `", "`"));
        }
        return "list of " + (element == String.class ? "texts" : "whole numbers");
    }

    private static String section(String key) {
        return key.contains(".") ? key.substring(0, key.lastIndexOf('.')) : "";
    }

    private static String hf(String key) {
        String own = mark(Keys.all().get(key)).map(Key::hf).orElse("");
        String section = section(key);
        String name = own.isEmpty() && !section.isEmpty()
                ? mark(Keys.all().get(section)).map(Key::hf).orElse("")
                : own;
        return name.isEmpty() || name.equals(Key.NOT_IN_HF) ? "" : "`" + name + "`";
    }

    private static Optional<Key> mark(RecordComponent component) {
        return Optional.ofNullable(component.getAnnotation(Key.class));
    }
}
