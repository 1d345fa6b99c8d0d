package io.github.sparkfinetune.conf.key;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import java.util.Set;

/** Checks of configuration values; a failed check names its key. */
public final class Check {
    private Check() {}

    public static void present(String key, Object value) {
        if (value == null || (value instanceof String text && text.isBlank())) {
            throw RunException.key(key, key + " is missing: set it in the YAML file or with --set " + key + "=VALUE");
        }
    }

    public static void that(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw RunException.key(key, key + ": " + value + " is not allowed, it must be " + rule);
        }
    }

    public static void notNegative(String key, double value) {
        that(value >= 0, key, value, "0 or above");
    }

    public static void notNegative(String key, int value) {
        that(value >= 0, key, value, "0 or above");
    }

    public static void share(String key, double value) {
        that(value >= 0 && value <= 1, key, value, "between 0 and 1");
    }

    public static void distinct(String key, List<?> values) {
        present(key, values);
        that(Set.copyOf(values).size() == values.size(), key, values, "a list that names each once");
    }

    public static void fraction(String key, double value) {
        that(value >= 0 && value < 1, key, value, "in [0, 1)");
    }
}
