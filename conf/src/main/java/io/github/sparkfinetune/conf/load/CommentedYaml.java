package io.github.sparkfinetune.conf.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Writes keys of a run as a YAML file for people: one line for each key, with a comment on its value. */
public final class CommentedYaml {
    private static final int COMMENTS_AT = 34;

    private final List<String> head = new ArrayList<>();
    private final Map<String, Line> lines = new LinkedHashMap<>();

    /**
     * Line of a key.
     *
     * @param value as written behind {@code --set KEY=}
     * @param comment comment, or an empty text
     */
    private record Line(String value, String comment) {}

    /** Adds a comment line above all keys. */
    public CommentedYaml head(String comment) {
        head.add(comment);
        return this;
    }

    /**
     * Sets a key; a key that is already set keeps its place.
     *
     * @param value a number, a boolean, or a text that is YAML, such as {@code [a, b]}
     */
    public CommentedYaml set(String key, Object value, String comment) {
        lines.put(key, new Line(String.valueOf(value), comment));
        return this;
    }

    /** Sets a key to a text, quoted as needed. */
    public CommentedYaml text(String key, String text, String comment) {
        return set(key, scalar(text), comment);
    }

    /** Removes a key, so that its default holds. */
    public CommentedYaml remove(String key) {
        lines.remove(key);
        return this;
    }

    /** Returns the keys and values in the format of {@code --set}. */
    public List<String> overrides() {
        return lines.entrySet().stream()
                .map(line -> line.getKey() + "=" + line.getValue().value())
                .toList();
    }

    /**
     * Returns the file. Keys of a section stand together, in the order in which the first key of each section was set.
     */
    public String text() {
        Map<String, Object> root = new LinkedHashMap<>();
        lines.forEach((key, line) -> put(root, key, line));
        StringBuilder text = new StringBuilder();
        head.forEach(comment -> text.append("# ").append(comment).append('\n'));
        append(root, "", text);
        return text.toString();
    }

    @SuppressWarnings("unchecked")
    private static void put(Map<String, Object> section, String key, Line line) {
        int dot = key.indexOf('.');
        if (dot < 0) {
            section.put(key, line);
        } else {
            Object below = section.computeIfAbsent(key.substring(0, dot), name -> new LinkedHashMap<String, Object>());
            put((Map<String, Object>) below, key.substring(dot + 1), line);
        }
    }

    private static void append(Map<?, ?> section, String indent, StringBuilder text) {
        section.forEach((name, value) -> {
            if (value instanceof Map<?, ?> below) {
                text.append(indent).append(name).append(":\n");
                append(below, indent + "  ", text);
                return;
            }
            Line line = (Line) value;
            String setting = indent + name + ": " + line.value();
            String gap = " ".repeat(Math.max(1, COMMENTS_AT - setting.length()));
            text.append(setting)
                    .append(line.comment().isEmpty() ? "" : gap + "# " + line.comment())
                    .append('\n');
        });
    }

    /** Returns a text as a YAML scalar, quoted if YAML would read it as another type or value. */
    private static String scalar(String text) {
        boolean plain = text.matches("[A-Za-z0-9_./~@-][A-Za-z0-9_./~@:*=+-]*")
                && !text.endsWith(":")
                && Settings.compose(text, "text") instanceof ScalarNode node
                && node.getTag().equals(Tag.STR);
        try {
            return plain ? text : new ObjectMapper().writeValueAsString(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
