package io.github.sparkfinetune.core.optim;

import io.github.sparkfinetune.conf.TrainingConfig.LrSchedulerType;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** {@code training.lr_scheduler_kwargs}, read key by key; unread keys are refused at the end. */
final class LrKwargs {
    private static final String KEY = "training.lr_scheduler_kwargs.";

    private final LrSchedulerType type;
    private final Map<String, Object> values;
    private final TreeSet<String> known = new TreeSet<>();

    LrKwargs(LrSchedulerType type, Map<String, Object> values) {
        this.type = type;
        this.values = values;
    }

    boolean has(String key) {
        known.add(key);
        return values.containsKey(key);
    }

    double number(String key, double defaultValue) {
        return has(key) ? number(key) : defaultValue;
    }

    double number(String key) {
        if (!has(key)) {
            throw bad(key, "is missing, lr_scheduler_type " + typeName() + " needs it");
        }
        double value;
        try {
            // YAML 1.1 reads 1e-5, without a point, as text.
            value = Double.parseDouble(String.valueOf(values.get(key)));
        } catch (NumberFormatException e) {
            throw bad(key, "is " + values.get(key) + ", must be a number");
        }
        if (!Double.isFinite(value)) {
            throw bad(key, "is " + value + ", must be finite");
        }
        return value;
    }

    /** Returns a whole number of steps. */
    long steps(String key) {
        double value = number(key);
        if (value < 0 || value != Math.rint(value)) {
            throw bad(key, "is " + values.get(key) + ", must be a whole number of at least 0");
        }
        return (long) value;
    }

    String oneOf(String key, String defaultValue, List<String> allowed) {
        String value = has(key) ? String.valueOf(values.get(key)) : defaultValue;
        if (!allowed.contains(value)) {
            throw bad(key, "is " + value + ", must be one of " + String.join(", ", allowed));
        }
        return value;
    }

    void refuseUnknown() {
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                throw bad(
                        key,
                        "is unknown to lr_scheduler_type " + typeName() + ", which "
                                + (known.isEmpty() ? "takes none" : "knows " + String.join(", ", known)));
            }
        }
    }

    RunException bad(String key, String what) {
        return RunException.config(KEY + key + " " + what);
    }

    private String typeName() {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
