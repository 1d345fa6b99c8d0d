package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.key.Components;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A column of rows: a component of their record, see {@link RowType}. */
public final class Column {
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
    private final RecordComponent component;

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
        this.component = component;
        name = Components.name(component);
        rows = rows(component);
        type = type(component, rows);
        boolean isBoxed = Number.class.isAssignableFrom(component.getType());
        nullable = isBoxed || component.getAccessor().isAnnotationPresent(Nullable.class);
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

    /** Returns the name in Parquet files, see {@link Components#name}. */
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

    /**
     * Returns the value of a row.
     *
     * @return null only if the column is nullable
     * @throws IllegalArgumentException if a column that is not nullable has no value
     */
    public Object of(Object row) {
        return required(Components.get((Record) row, component));
    }

    /** Returns a value, unless it is a null that the column may not have. */
    Object required(Object value) {
        if (value == null && !nullable) {
            throw new IllegalArgumentException("column " + name + " has no value");
        }
        return value;
    }
}
