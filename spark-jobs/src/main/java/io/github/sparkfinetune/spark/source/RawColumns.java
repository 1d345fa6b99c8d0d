package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.spark.files.FileRows;
import java.util.ArrayList;
import java.util.List;
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
        List<Column> values = new ArrayList<>();
        if (source.format() == DataFormat.TEXT_FOLDERS) {
            values.add(col(FileRows.VALUE));
            columns.stream().skip(1).forEach(column -> values.add(SparkSource.nothing()));
            return select(source.texts(), values, col(FileRows.PATH), SparkSource.nothing(), List.of());
        }
        if (source.format() == DataFormat.TEXT) {
            values.add(col(SparkSource.LINE));
            columns.stream().skip(1).forEach(column -> values.add(SparkSource.nothing()));
            return select(source.lines(), values, col(FileRows.PATH), col(SparkSource.CORRUPT), List.of());
        }
        List<String> names = columns.stream().map(Reading.Column::name).toList();
        Dataset<Row> rows = switch (source.format()) {
            case JSONL ->
                source.json(
                        Stream.concat(names.stream(), keys.stream()).distinct().toList());
            case CSV -> {
                requirePresent(source, columns);
                yield source.csv();
            }
            default -> {
                requirePresent(source, columns);
                yield requireStrings(source, source.typed(), columns);
            }
        };
        names.forEach(name -> values.add(text(rows, name)));
        return select(rows, values, source.file(), col(SparkSource.CORRUPT), keys(rows));
    }

    /** Returns rows as {@link #texts} does, but with one value: a JSON object of some columns. */
    Dataset<Row> objects(List<String> columns) {
        Column file = source.file();
        Column corrupt = col(SparkSource.CORRUPT);
        if (source.format() == DataFormat.JSONL) {
            return select(source.lines(), List.of(col(SparkSource.LINE)), file, corrupt, keysOfLines());
        }
        if (source.format() == DataFormat.SQUAD) {
            return select(source.squad(), List.of(col(SparkSource.LINE)), col(FileRows.PATH), corrupt, keysOfLines());
        }
        Dataset<Row> rows = source.format() == DataFormat.CSV ? source.csv() : source.typed();
        Column[] fields = columns.stream()
                .map(name -> {
                    boolean bytes = rows.schema().apply(name).dataType().equals(DataTypes.BinaryType);
                    return bytes ? text(name).as(name) : Columns.named(name);
                })
                .toArray(Column[]::new);
        return select(rows, List.of(to_json(struct(fields))), file, corrupt, keys(rows));
    }

    private static Dataset<Row> select(
            Dataset<Row> rows, List<Column> values, Column file, Column corrupt, List<Column> keys) {
        List<Column> all = new ArrayList<>(values);
        all.add(file);
        all.add(corrupt);
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

    private static void requirePresent(SparkSource source, List<Reading.Column> columns) {
        columns.forEach(column -> source.requireColumn(column.key(), column.name(), ""));
    }

    private static Dataset<Row> requireStrings(SparkSource source, Dataset<Row> rows, List<Reading.Column> columns) {
        for (Reading.Column column : columns) {
            DataType type = rows.schema().apply(column.name()).dataType();
            if (column.string() && !type.equals(DataTypes.StringType) && !type.equals(DataTypes.BinaryType)) {
                throw RunException.config(column.key() + ": column " + column.name() + " of " + source.path() + " is "
                        + type.simpleString() + ", it must be a string");
            }
        }
        return rows;
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
