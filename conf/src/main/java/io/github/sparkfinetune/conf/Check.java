package io.github.sparkfinetune.conf;

import java.util.List;
import java.util.Set;

/** Checks of configuration values; a failed check names its key. */
final class Check {
    private Check() {}

    static void present(String key, Object value) {
        if (value == null || (value instanceof String text && text.isBlank())) {
            throw RunException.key(key, key + " is missing: set it in the YAML file or with --set " + key + "=VALUE");
        }
    }

    static void that(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw RunException.key(key, key + ": " + value + " is not allowed, it must be " + rule);
        }
    }

    static void notNegative(String key, double value) {
        that(value >= 0, key, value, "0 or above");
    }

    static void notNegative(String key, int value) {
        that(value >= 0, key, value, "0 or above");
    }

    static void share(String key, double value) {
        that(value >= 0 && value <= 1, key, value, "between 0 and 1");
    }

    static void distinct(String key, List<?> values) {
        present(key, values);
        that(Set.copyOf(values).size() == values.size(), key, values, "a list that names each once");
    }

    static void fraction(String key, double value) {
        that(value >= 0 && value < 1, key, value, "in [0, 1)");
    }
}
