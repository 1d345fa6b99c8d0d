package io.github.sparkfinetune.core.task;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A column of rows: a component of their record, see {@link RowType}. */
public final class Column {
    private static final PropertyNamingStrategies.NamingBase SNAKE_CASE =
            (PropertyNamingStrategies.NamingBase) PropertyNamingStrategies.SNAKE_CASE;

    private static final Map<Class<?>, Type> TYPES = Map.of(
            int.class, Type.INT,
            Integer.class, Type.INT,
            long.class, Type.LONG,
            double.class, Type.DOUBLE,
            Double.class, Type.DOUBLE,
            double[].class, Type.DOUBLES,
            float[].class, Type.FLOATS,
            String.class, Type.STRING);

    private final String name;
    private final Type type;
    private final boolean nullable;
    private final Optional<RowType<?>> rows;
    private final Method accessor;

    /** Type of a column's values. */
    public enum Type {
        /** {@link Integer}. */
        INT,
        /** {@link Long}. */
        LONG,
        /** {@link Double}. */
        DOUBLE,
        /** {@code double[]}. */
        DOUBLES,
        /** {@code float[]}. */
        FLOATS,
        /** {@link String}. */
        STRING,
        /** List of strings. */
        STRINGS,
        /** List of records. */
        ROWS
    }

    Column(RecordComponent component) {
        accessor = component.getAccessor();
        accessor.setAccessible(true);
        JsonProperty given = accessor.getAnnotation(JsonProperty.class);
        name = given == null ? SNAKE_CASE.translate(component.getName()) : given.value();
        rows = rows(component);
        type = type(component, rows);
        boolean isBoxed = Number.class.isAssignableFrom(component.getType());
        nullable = isBoxed || accessor.isAnnotationPresent(Nullable.class);
    }

    private static Type type(RecordComponent component, Optional<RowType<?>> rows) {
        if (component.getType() == List.class) {
            return rows.isPresent() ? Type.ROWS : Type.STRINGS;
        }
        Type type = TYPES.get(component.getType());
        if (type == null) {
            throw new IllegalArgumentException(component + " has a type that no column has");
        }
        return type;
    }

    private static Optional<RowType<?>> rows(RecordComponent component) {
        if (!(component.getGenericType() instanceof ParameterizedType list)) {
            return Optional.empty();
        }
        Class<?> element = (Class<?>) list.getActualTypeArguments()[0];
        return element == String.class ? Optional.empty() : Optional.of(RowType.of(element.asSubclass(Record.class)));
    }

    /** Returns the name in Parquet files: that of the component in snake case, or that of its {@link JsonProperty}. */
    public String name() {
        return name;
    }

    public Type type() {
        return type;
    }

    /** Returns whether values may be null: boxed numbers, and components with {@link Nullable}. */
    public boolean isNullable() {
        return nullable;
    }

    /** Returns the type of nested rows, for a column of {@link Type#ROWS}. */
    public RowType<?> rows() {
        return rows.orElseThrow();
    }

    /** Returns the value of a row, or null. */
    public Object of(Object row) {
        try {
            return accessor.invoke(row);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
