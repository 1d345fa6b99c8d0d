package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Typed reading of the keys of a JSON object. A value of another type, or out of its range, is refused with file and
 * key.
 */
abstract class ConfigKeys {
    private final String source;
    private final ObjectNode tree;

    /**
     * @param source file of the object, for messages
     * @param tree the object, which is not changed
     */
    ConfigKeys(String source, ObjectNode tree) {
        this.source = source;
        this.tree = tree;
    }

    /** Returns the file that the configuration was read from, for messages. */
    public final String source() {
        return source;
    }

    final ObjectNode tree() {
        return tree;
    }

    /** Returns the value of a key without an accessor; empty if the key is missing or null. */
    public Optional<JsonNode> find(String key) {
        JsonNode value = tree.path(key);
        return value.isMissingNode() || value.isNull() ? Optional.empty() : Optional.of(value.deepCopy());
    }

    /** Returns whether the key is present, even if null. */
    public boolean has(String key) {
        return tree.has(key);
    }

    /** Returns a whole number, under the first of these names that is present. */
    public OptionalInt integer(String... keys) {
        for (String key : keys) {
            Optional<JsonNode> value = find(key);
            if (value.isPresent()) {
                if (!value.get().canConvertToInt() || !value.get().isIntegralNumber()) {
                    throw wrong(key, value.get(), "a whole number");
                }
                return OptionalInt.of(value.get().intValue());
            }
        }
        return OptionalInt.empty();
    }

    /** Returns a number, under the first of these names that is present, or {@code defaultValue}. */
    public double number(double defaultValue, String... keys) {
        for (String key : keys) {
            Optional<JsonNode> value = find(key);
            if (value.isPresent()) {
                if (!value.get().isNumber() || !Double.isFinite(value.get().doubleValue())) {
                    throw wrong(key, value.get(), "a number");
                }
                return value.get().doubleValue();
            }
        }
        return defaultValue;
    }

    /** Returns a truth value, or {@code defaultValue}. */
    public boolean flag(boolean defaultValue, String key) {
        Optional<JsonNode> value = find(key);
        if (value.isPresent() && !value.get().isBoolean()) {
            throw wrong(key, value.get(), "true or false");
        }
        return value.map(JsonNode::booleanValue).orElse(defaultValue);
    }

    /** Returns a text, under the first of these names that is present. */
    public Optional<String> text(String... keys) {
        for (String key : keys) {
            Optional<JsonNode> value = find(key);
            if (value.isPresent()) {
                if (!value.get().isTextual()) {
                    throw wrong(key, value.get(), "a text");
                }
                return Optional.of(value.get().textValue());
            }
        }
        return Optional.empty();
    }

    /** Returns a required count of at least 1, under the first of these names that is present. */
    public int size(String... keys) {
        int value = integer(keys).orElseThrow(() -> missing(String.join(" or ", keys)));
        if (value < 1) {
            throw RunException.data(
                    source + ": " + String.join(" or ", keys) + " is " + value + ", must be at least 1");
        }
        return value;
    }

    /** Returns a count of at least 1, or {@code defaultValue} if the key is missing. */
    public int sizeOr(int defaultValue, String key) {
        return find(key).isEmpty() ? defaultValue : size(key);
    }

    /**
     * Returns a count that divides another count.
     *
     * @param key key of the count
     * @param wholeKey key of the count that it divides
     */
    public int divisor(String key, String wholeKey) {
        return divisor(new String[] {key}, wholeKey);
    }

    /** Returns a count that divides another count, where both have several names. */
    public int divisor(String[] keys, String... wholeKeys) {
        int value = size(keys);
        int whole = size(wholeKeys);
        if (whole % value != 0) {
            throw RunException.data(source + ": " + String.join(" or ", keys) + " " + value + " does not divide "
                    + String.join(" or ", wholeKeys) + " " + whole);
        }
        return value;
    }

    /** Returns a probability in [0, 1), or {@code defaultValue}. */
    public double rate(double defaultValue, String key) {
        double value = number(defaultValue, key);
        if (value < 0 || value >= 1) {
            throw RunException.data(source + ": " + key + " is " + value + ", must be in [0, 1)");
        }
        return value;
    }

    /**
     * Refuses any value of a key except the only supported one, which is also the default.
     *
     * @throws RunException that names both values
     */
    public void require(String key, Object supported) {
        JsonNode value = find(key).orElse(null);
        if (value != null && !value.equals(JsonFiles.MAPPER.valueToTree(supported))) {
            throw RunException.data(source + ": " + key + " " + Quoted.name(value.asText()) + " is not supported, only "
                    + supported + " is");
        }
    }

    final RunException missing(String key) {
        return RunException.data(source + ": " + key + " is missing; is this the model's own config.json?");
    }

    private RunException wrong(String key, JsonNode value, String expected) {
        String shown = value instanceof ArrayNode ? "a list" : Quoted.name(value.toString());
        return RunException.data(source + ": " + key + " is " + shown + ", must be " + expected);
    }
}
