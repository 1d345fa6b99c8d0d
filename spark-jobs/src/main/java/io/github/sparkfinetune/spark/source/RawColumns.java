package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.spark.files.FileRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Rows of a source in the form of {@link SparkRow}.
 *
 * @param keys columns of the split key
 */
record RawColumns(SparkSource source, List<String> keys) {
    /** Returns rows with the columns, the file, and the record that could not be parsed. */
    Dataset<Row> texts(List<Reading.Column> columns) {
        boolean bare = source.format().bareText().isPresent();
        if (!bare && !source.format().hasOpenColumns()) {
            columns.forEach(column -> source.requireColumn(column.key(), column.name(), ""));
        }
        Dataset<Row> rows = rows(columns.stream().map(Reading.Column::name));
        List<Column> values = new ArrayList<>();
        columns.forEach(column -> values.add(bare ? SparkSource.nothing() : text(rows, column)));
        if (bare) {
            values.set(0, col(FileRows.VALUE));
        }
        return select(rows, values, keys(rows));
    }

    private Dataset<Row> rows(Stream<String> names) {
        return source.reader()
                .rows(source, Stream.concat(names, keys.stream()).distinct().toList());
    }

    /** Returns rows as {@link #texts} does, but with one value: a JSON object of some columns. */
    Dataset<Row> objects(List<String> columns) {
        Optional<Dataset<Row>> objects = source.reader().objects(source);
        if (objects.isPresent()) {
            return select(objects.get(), List.of(col(SparkSource.LINE)), keysOfLines());
        }
        Dataset<Row> rows = rows(columns.stream());
        Column[] fields = columns.stream()
                .map(name -> {
                    boolean bytes = rows.schema().apply(name).dataType().equals(DataTypes.BinaryType);
                    return bytes ? text(name).as(name) : Columns.named(name);
                })
                .toArray(Column[]::new);
        return select(rows, List.of(to_json(struct(fields))), keys(rows));
    }

    private Dataset<Row> select(Dataset<Row> rows, List<Column> values, List<Column> keys) {
        List<Column> all = new ArrayList<>(values);
        all.add(source.reader().file(source));
        all.add(col(SparkSource.CORRUPT));
        all.addAll(keys);
        return rows.select(all.toArray(Column[]::new));
    }

    /** Returns the columns of the split key as texts. */
    private List<Column> keys(Dataset<Row> rows) {
        return keys.stream().map(name -> Columns.keyText(rows, name)).toList();
    }

    /** Returns the columns of the split key for rows that are one JSON object each. */
    private List<Column> keysOfLines() {
        StructType schema = new StructType();
        // A column may be a key and the person.
        for (String name : keys.stream().distinct().toList()) {
            schema = schema.add(name, DataTypes.StringType);
        }
        Column parsed = from_json(col(SparkSource.LINE), schema, JsonLines.OPTIONS);
        return keys.stream()
                .map(name -> source.files().listing().partitions().contains(name) ? text(name) : parsed.getField(name))
                .toList();
    }

    private Column text(Dataset<Row> rows, Reading.Column column) {
        DataType type = rows.schema().apply(column.name()).dataType();
        if (column.string() && !type.equals(DataTypes.StringType) && !type.equals(DataTypes.BinaryType)) {
            throw RunException.config(column.key() + ": column " + column.name() + " of " + source.path() + " is "
                    + type.simpleString() + ", it must be a string");
        }
        return text(rows, column.name());
    }

    /** Returns a column as text; a list as JSON. */
    static Column text(Dataset<Row> rows, String name) {
        boolean list = rows.schema().apply(name).dataType() instanceof ArrayType;
        return list ? to_json(Columns.named(name)) : text(name);
    }

    private static Column text(String name) {
        return Columns.named(name).cast(DataTypes.StringType);
    }
}
