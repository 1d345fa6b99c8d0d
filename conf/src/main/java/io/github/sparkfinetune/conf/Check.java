package io.github.sparkfinetune.conf;

/** Checks of configuration values; a failed one names its key. */
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

    static void fraction(String key, double value) {
        that(value >= 0 && value < 1, key, value, "in [0, 1)");
    }
}
