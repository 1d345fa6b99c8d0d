package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** Reads and builds the configuration's records by their components. */
final class Records {
    private Records() {}

    /**
     * Returns a copy of the run with changed values.
     *
     * @param change returns the new value for a dotted key and its value; a section's call comes before the calls of
     *     its keys
     * @throws RunException if a record rejects a new value
     */
    static RunConfig map(RunConfig config, BiFunction<String, Object, Object> change) {
        return (RunConfig) map("", config, change);
    }

    /**
     * Calls {@code seen} with every dotted key and its value. A section comes before its keys; keys of a record in a
     * list are {@code list[index].name}.
     */
    static void forEach(RunConfig config, BiConsumer<String, Object> seen) {
        forEach("", config, seen);
    }

    private static void forEach(String section, Record record, BiConsumer<String, Object> seen) {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            String path = Keys.path(section, component);
            Object value = Components.get(record, component);
            seen.accept(path, value);
            if (value instanceof Record inner) {
                forEach(path, inner, seen);
            } else if (value instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    if (list.get(i) instanceof Record inner) {
                        forEach(element(path, i), inner, seen);
                    }
                }
            }
        }
    }

    private static Record map(String section, Record record, BiFunction<String, Object, Object> change) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            String path = Keys.path(section, components[i]);
            Object value = Components.get(record, components[i]);
            values[i] = map(path, change.apply(path, value), change);
        }
        return Components.construct(record.getClass(), values);
    }

    private static Object map(String path, Object value, BiFunction<String, Object, Object> change) {
        if (value instanceof Record inner) {
            return map(path, inner, change);
        }
        if (!(value instanceof List<?> list)) {
            return value;
        }
        List<Object> elements = new ArrayList<>();
        for (Object element : list) {
            boolean record = element instanceof Record;
            elements.add(record ? map(element(path, elements.size()), (Record) element, change) : element);
        }
        return elements;
    }

    private static String element(String path, int index) {
        return path + "[" + index + "]";
    }
}
