package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.key.Components;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Type of rows that are records. Each component is a column: {@code int}, {@code long}, {@code double},
 * {@code double[]}, {@code float[]}, {@link String}, a list of strings or a list of records.
 *
 * @param <R> type of the rows
 */
public final class RowType<R extends Record> implements Serializable {
    private static final ClassValue<RowType<?>> TYPES = new ClassValue<>() {
        @Override
        protected RowType<?> computeValue(Class<?> type) {
            return new RowType<>(type.asSubclass(Record.class));
        }
    };

    private final Class<R> type;
    private final transient List<Column> columns;
    private final transient Constructor<R> constructor;

    private RowType(Class<R> type) {
        this.type = type;
        this.columns =
                Arrays.stream(type.getRecordComponents()).map(Column::new).toList();
        this.constructor = Components.constructor(type);
    }

    /** Returns the type of a record's rows. */
    @SuppressWarnings("unchecked")
    public static <R extends Record> RowType<R> of(Class<R> type) {
        return (RowType<R>) TYPES.get(type);
    }

    private Object readResolve() {
        return of(type);
    }

    /** Returns the columns in the order of the record's components. */
    public List<Column> columns() {
        return columns;
    }

    /** Returns the names of the columns. */
    public List<String> names() {
        return columns.stream().map(Column::name).toList();
    }

    /**
     * Returns a row.
     *
     * @param values value of each column, or null
     * @throws IllegalArgumentException if a column that is not nullable has no value
     */
    public R create(Function<Column, Object> values) {
        return Components.construct(
                constructor,
                columns.stream()
                        .map(column -> column.required(values.apply(column)))
                        .toArray());
    }

    /** Returns the values of a row by the names of their columns; nested rows are lists of such maps. */
    public Map<String, Object> named(Object row) {
        Map<String, Object> named = new LinkedHashMap<>();
        for (Column column : columns) {
            Object value = column.of(row);
            if (column.type() == Column.Type.ROWS && value != null) {
                value = ((List<?>) value)
                        .stream().map(one -> column.rows().named(one)).toList();
            }
            named.put(column.name(), value);
        }
        return named;
    }
}
