package io.github.sparkfinetune.conf.key;

import io.github.sparkfinetune.conf.error.RunException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/** Builds records from their components, as their canonical constructors do, with all checks. */
public final class Components {
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
        try {
            Constructor<R> constructor = type.getDeclaredConstructor(Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new));
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

    /** Returns the value of a component. */
    public static Object get(Record record, RecordComponent component) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
