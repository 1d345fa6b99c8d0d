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

/** Some keys of a run as a YAML file for people: a line a key, with what its value is for. */
public final class CommentedYaml {
    private static final int COMMENTS_AT = 34;

    private final List<String> head = new ArrayList<>();
    private final Map<String, Line> lines = new LinkedHashMap<>();

    /**
     * A key's line.
     *
     * @param value as it is written behind {@code --set KEY=}
     * @param comment or an empty text
     */
    private record Line(String value, String comment) {}

    /** Adds a line above all keys. */
    public CommentedYaml head(String comment) {
        head.add(comment);
        return this;
    }

    /**
     * Sets a key, in the place that it has if it is there already.
     *
     * @param value a number, a truth value, or a text that is YAML, such as {@code [a, b]}
     */
    public CommentedYaml set(String key, Object value, String comment) {
        lines.put(key, new Line(String.valueOf(value), comment));
        return this;
    }

    /** Sets a key to a text, whatever is in it. */
    public CommentedYaml text(String key, String text, String comment) {
        return set(key, scalar(text), comment);
    }

    /** Leaves a key to its default. */
    public CommentedYaml remove(String key) {
        lines.remove(key);
        return this;
    }

    /** What has been set, as {@code --set} takes it. */
    public List<String> overrides() {
        return lines.entrySet().stream()
                .map(line -> line.getKey() + "=" + line.getValue().value())
                .toList();
    }

    /** The file; keys of a section stand together, in the order in which the first of each was set. */
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

    /** A text as a YAML scalar: in quotes where it would be read as anything else. */
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
