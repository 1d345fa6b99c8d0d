package io.github.sparkfinetune.spark.redact;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redacted;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.data.redact.Redactor;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.row.Rows;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * Rows of a DataFrame with redacted texts, for batches and streams. A column holds a text, or lists and structures of
 * texts; each text is redacted alone. A null stays null. Rows stay in their order and partitions, and are computed
 * lazily.
 */
public final class RedactedFrame {
    /** Temporary column with the person. */
    private static final String PERSON = "_spark_finetune_person";

    private RedactedFrame() {}

    /** Receiver of every redacted text, in the tasks. */
    public interface Counter extends Serializable {
        /** A counter that counts nothing. */
        Counter NONE = text -> {};

        /** Counts the replaced parts of a text. */
        void add(Redacted text);
    }

    /** Returns why the texts of a column with this type cannot be redacted; empty if they can. */
    public static Optional<String> refusal(DataType type) {
        if (hasMap(type)) {
            return Optional.of("it holds a map, in which texts are not searched");
        }
        return hasText(type) ? Optional.empty() : Optional.of("it holds no text");
    }

    private static boolean hasText(DataType type) {
        if (type instanceof ArrayType list) {
            return hasText(list.elementType());
        }
        return type instanceof StringType
                || (type instanceof StructType struct
                        && Arrays.stream(struct.fields()).anyMatch(field -> hasText(field.dataType())));
    }

    private static boolean hasMap(DataType type) {
        if (type instanceof ArrayType list) {
            return hasMap(list.elementType());
        }
        return type instanceof MapType
                || (type instanceof StructType struct
                        && Arrays.stream(struct.fields()).anyMatch(field -> hasMap(field.dataType())));
    }

    /**
     * Returns the rows with the redacted texts in the place of the texts.
     *
     * @param columns columns without a {@link #refusal}. In a row without a person the texts of the first column decide
     *     by how many days dates move
     * @throws RunException if the column {@code data.redact.person} does not exist
     */
    public static Dataset<Row> of(Dataset<Row> frame, Redaction redaction, List<String> columns, Counter counter) {
        StructType schema = frame.schema();
        return frame.withColumn(PERSON, person(frame, redaction.config().person()))
                .mapPartitions(
                        new Redacting(
                                redaction,
                                EntityModels.of(frame.sparkSession().sparkContext(), redaction),
                                schema,
                                List.copyOf(columns),
                                counter),
                        Encoders.row(schema));
    }

    private static Column person(Dataset<Row> frame, String name) {
        if (name != null && !Arrays.asList(frame.columns()).contains(name)) {
            throw RunException.config("data.redact.person: there is no column " + name + ", the columns are "
                    + String.join(", ", frame.columns()));
        }
        return Columns.person(frame, name);
    }

    private record Redacting(
            Redaction redaction, EntityModels entities, StructType schema, List<String> columns, Counter counter)
            implements MapPartitionsFunction<Row, Row> {
        @Override
        public Iterator<Row> call(Iterator<Row> source) {
            ModelSpans byModel = entities.open();
            Redactor redactor = redaction.open(byModel);
            Iterator<Row> rows = byModel.ahead(
                    source, row -> texts(row, text -> redactor.redact(text).text()));
            UnaryOperator<String> redact = text -> {
                Redacted redacted = redactor.redact(text);
                counter.add(redacted);
                return redacted.text();
            };
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return rows.hasNext();
                }

                @Override
                public Row next() {
                    Row row = rows.next();
                    redactor.begin(row.getAs(PERSON), () -> content(row));
                    return texts(row, redact);
                }
            };
        }

        /** Returns a row with the texts of its columns changed. */
        private Row texts(Row row, UnaryOperator<String> change) {
            return Rows.changed(
                    row,
                    schema,
                    (field, value) -> columns.contains(field.name()) ? mapped(value, field.dataType(), change) : value);
        }

        private String content(Row row) {
            List<String> texts = new ArrayList<>();
            String first = columns.get(0);
            mapped(row.getAs(first), schema.apply(first).dataType(), text -> {
                texts.add(text);
                return text;
            });
            return String.join("\n", texts);
        }
    }

    /** Returns a value with its texts changed. */
    private static Object mapped(Object value, DataType type, UnaryOperator<String> change) {
        if (value == null) {
            return null;
        }
        if (type instanceof StringType) {
            return change.apply((String) value);
        }
        if (type instanceof ArrayType list) {
            // A row converts Scala's sequences, whose classes differ between Scala's versions.
            return RowFactory.create(value).getList(0).stream()
                    .map(element -> mapped(element, list.elementType(), change))
                    .toArray();
        }
        if (type instanceof StructType struct) {
            return Rows.changed((Row) value, struct, (field, one) -> mapped(one, field.dataType(), change));
        }
        return value;
    }
}
