package io.github.sparkfinetune.conf.load;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Settings.Setting;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Reads scalar values as the types of their keys, and formats any value for errors. */
final class Scalars {
    private static final Pattern WHOLE = Pattern.compile("[-+]?[0-9][0-9_]*");
    private static final Pattern NUMBER =
            Pattern.compile("[-+]?([0-9][0-9_]*\\.?[0-9_]*|\\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?");

    private Scalars() {}

    /** Reads a scalar as a value of the type {@code type}. */
    static Object read(String path, Setting setting, Class<?> type) {
        if (!(setting.node() instanceof ScalarNode scalar)) {
            throw wrong(path, setting, type == String.class ? "text" : "one value");
        }
        String text = scalar.getValue();
        // Text in quotes is text, even where it looks like a number.
        boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
        if (type == String.class) {
            return text;
        }
        if (type.isEnum()) {
            return constant(path, setting, text, type);
        }
        if (type == boolean.class || type == Boolean.class) {
            if (plain && (text.equals("true") || text.equals("false"))) {
                return text.equals("true");
            }
            throw wrong(path, setting, "true or false");
        }
        if (type == double.class || type == Double.class) {
            return number(path, setting);
        }
        if (type != int.class && type != Integer.class && type != long.class) {
            throw new IllegalStateException(path + " has a type that is not read: " + type);
        }
        return whole(path, setting, plain, text, type);
    }

    static double number(String path, Setting setting) {
        if (setting.node() instanceof ScalarNode scalar
                && scalar.getScalarStyle() == ScalarStyle.PLAIN
                && NUMBER.matcher(scalar.getValue()).matches()) {
            return Double.parseDouble(scalar.getValue().replace("_", ""));
        }
        throw wrong(path, setting, "a number");
    }

    private static Object whole(String path, Setting setting, boolean plain, String text, Class<?> type) {
        if (!plain || !WHOLE.matcher(text).matches()) {
            throw wrong(path, setting, "a whole number");
        }
        String digits = text.replace("_", "");
        try {
            return type == long.class ? (Object) Long.valueOf(digits) : (Object) Integer.valueOf(digits);
        } catch (NumberFormatException e) {
            throw wrong(path, setting, "a whole number of " + (type == long.class ? 64 : 32) + " bits");
        }
    }

    private static Object constant(String path, Setting setting, String text, Class<?> type) {
        Map<String, Object> constants = constants(type);
        Object found = constants.get(text);
        if (found == null) {
            throw wrong(path, setting, "one of " + String.join(", ", constants.keySet()));
        }
        return found;
    }

    /** Returns the constants of an enum in their order, by the values that YAML uses for them. */
    static Map<String, Object> constants(Class<?> type) {
        Map<String, Object> constants = new LinkedHashMap<>();
        for (Object constant : type.getEnumConstants()) {
            constants.put(nameOf((Enum<?>) constant), constant);
        }
        return constants;
    }

    private static String nameOf(Enum<?> constant) {
        try {
            return constant.getDeclaringClass()
                    .getField(constant.name())
                    .getAnnotation(JsonProperty.class)
                    .value();
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the error for a value that its key does not accept. */
    static RunException wrong(String path, Setting setting, String expected) {
        return RunException.config(
                setting.where() + ": " + path + ": expected " + expected + ", got " + shown(setting.node()));
    }

    /** Formats a value for an error. */
    static String shown(Node node) {
        if (node instanceof ScalarNode scalar) {
            String text = RunException.oneLine(scalar.getValue());
            return "'" + (text.length() > 60 ? text.substring(0, 60) + "…" : text) + "'";
        }
        if (node instanceof MappingNode) {
            return "a section of keys";
        }
        return node instanceof SequenceNode ? "a list" : "nothing";
    }
}
