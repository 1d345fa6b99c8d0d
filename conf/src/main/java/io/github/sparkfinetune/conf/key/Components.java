package io.github.sparkfinetune.conf.key;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.github.sparkfinetune.conf.error.RunException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/**
 * Names and values of records' components, and records that are built from them, as their canonical constructors do,
 * with all checks. The records may be private.
 */
public final class Components {
    private static final PropertyNamingStrategies.NamingBase SNAKE_CASE =
            (PropertyNamingStrategies.NamingBase) PropertyNamingStrategies.SNAKE_CASE;

    private Components() {}

    /**
     * Returns a copy of a record with another value of one component.
     *
     * @param name name of the component in Java
     * @throws RunException if the record's constructor rejects the value
     */
    public static <R extends Record> R with(R record, String name, Object value) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        boolean found = false;
        for (int i = 0; i < values.length; i++) {
            boolean changed = components[i].getName().equals(name);
            values[i] = changed ? value : get(record, components[i]);
            found |= changed;
        }
        if (!found) {
            throw new IllegalArgumentException(record.getClass() + " has no component " + name);
        }
        @SuppressWarnings("unchecked")
        Class<R> type = (Class<R>) record.getClass();
        return construct(type, values);
    }

    /**
     * Builds a record from values in the order of its components.
     *
     * @throws RunException if the record's constructor rejects a value
     */
    public static <R extends Record> R construct(Class<R> type, Object[] values) {
        return construct(constructor(type), values);
    }

    /** Returns the constructor of all components, in their order. */
    public static <R extends Record> Constructor<R> constructor(Class<R> type) {
        try {
            Constructor<R> constructor = type.getDeclaredConstructor(Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Builds a record from values in the order of its components.
     *
     * @param constructor result of {@link #constructor}
     * @throws RunException if the record's constructor rejects a value
     */
    public static <R extends Record> R construct(Constructor<R> constructor, Object[] values) {
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RunException refused) {
                throw refused;
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the name of a component in files: that of its {@link JsonProperty}, else its own in snake case. */
    public static String name(RecordComponent component) {
        JsonProperty given = component.getAccessor().getAnnotation(JsonProperty.class);
        return given == null ? SNAKE_CASE.translate(component.getName()) : given.value();
    }

    /** Returns the value of a component. */
    public static Object get(Record record, RecordComponent component) {
        try {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
