package io.github.sparkfinetune.data.dataset.parquet;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/**
 * The Parquet schema of a dataset's shards. A row is a {@link Sample}. Every value is required, every list is Parquet's
 * three-level {@code LIST}, and nothing is null, so that any Parquet tool reads a shard:
 *
 * <pre>
 * message sample {
 *   required group input_ids (LIST)      { repeated group list { required int32 element; } }
 *   required group token_type_ids (LIST) { repeated group list { required int32 element; } }
 *   required int32 label;
 *   required group labels (LIST)         { repeated group list { required int32 element; } }
 *   required group documents (LIST)      { repeated group list { required int32 element; } }
 *   required group targets (LIST)        { repeated group list { required double element; } }
 *   required int32 window;
 *   required group offsets (LIST)        { repeated group list { required int32 element; } }
 *   required group answer (LIST)         { repeated group list { required int32 element; } }
 *   required binary row (STRING);
 * }
 * </pre>
 *
 * <p>Columns keep this order. Every column except the first is present only if the task's samples need it:
 *
 * <table>
 * <caption>Columns</caption>
 * <tr><th>column</th><th>meaning</th><th>where it is missing</th></tr>
 * <tr><td>{@code input_ids}</td><td>token ids, special tokens included, not padded; at most
 *     {@code max_length} of them; none in a sample whose documents are erased</td><td>never</td></tr>
 * <tr><td>{@code token_type_ids}</td><td>0 for the first text, 1 for the second; one a token</td><td>every token's type
 *     is 0</td></tr>
 * <tr><td>{@code label}</td><td>id of the sample's label: a place in the manifest's {@code labels}</td><td>samples have
 *     no label</td></tr>
 * <tr><td>{@code labels}</td><td>label of each token, {@value Sample#IGNORED} for a token outside the loss; not
 *     shifted</td><td>with {@code documents}, every token's label is the token itself; without, tokens have
 *     no labels</td></tr>
 * <tr><td>{@code documents}</td><td>number of tokens of each document in the sample, in order; their sum is the number
 *     of tokens; attention never crosses documents, except in a masked language model</td><td>a sample is one
 *     document</td></tr>
 * <tr><td>{@code targets}</td><td>1 for each label that the text has and 0 for the others, in the order of the
 *     manifest's {@code labels}; or the number to predict</td><td>samples have none</td></tr>
 * <tr><td>{@code window}</td><td>place of the sample among the windows of its row, from 0; windows of a row follow
 *     each other</td><td>a row is one sample</td></tr>
 * <tr><td>{@code offsets}</td><td>two numbers for each token: begin and end (exclusive) of its characters in the
 *     row's text, in UTF-16 units; -1 and -1 for a token without characters</td><td>the task needs no offsets</td></tr>
 * <tr><td>{@code answer}</td><td>first and last token of the answer, 0 and 0 if the answer is not in this window</td>
 *     <td>rows have no question</td></tr>
 * <tr><td>{@code row}</td><td>JSON object with the row's data that its tokens do not show; empty in all windows
 *     except the first</td><td>tokens are enough</td></tr>
 * </table>
 *
 * @param columns in the order of the file
 */
public record SampleSchema(Set<Column> columns) {

    /** Column of the files. */
    public enum Column {
        INPUT_IDS("input_ids", Values.INTS),
        TOKEN_TYPE_IDS("token_type_ids", Values.INTS),
        LABEL("label", Values.INT),
        LABELS("labels", Values.INTS),
        DOCUMENTS("documents", Values.INTS),
        TARGETS("targets", Values.DOUBLES),
        WINDOW("window", Values.INT),
        OFFSETS("offsets", Values.INTS),
        ANSWER("answer", Values.INTS),
        ROW("row", Values.STRING);

        private final String field;
        private final Values kind;

        Column(String field, Values kind) {
            this.field = field;
            this.kind = kind;
        }

        /** Returns a sample's value in the column, of the type that {@link #kind} says. */
        Object value(Sample sample) {
            return switch (this) {
                case INPUT_IDS -> sample.inputIds();
                case TOKEN_TYPE_IDS -> sample.tokenTypeIds();
                case LABEL -> sample.label();
                case LABELS -> sample.labels();
                case DOCUMENTS -> sample.documents();
                case TARGETS -> sample.targets();
                case WINDOW -> sample.window().number();
                case OFFSETS -> sample.window().offsets();
                case ANSWER -> sample.window().answer();
                case ROW -> sample.window().row();
            };
        }

        /** Returns the name of the column in the files. */
        String field() {
            return field;
        }

        /** Returns the type of the column's values. */
        Values kind() {
            return kind;
        }

        /** Returns the path of the column's values in the schema. */
        String[] path() {
            return kind.isList() ? new String[] {field, "list", "element"} : new String[] {field};
        }

        private Type type() {
            if (kind == Values.STRING) {
                return Types.required(kind.type())
                        .as(LogicalTypeAnnotation.stringType())
                        .named(field);
            }
            if (!kind.isList()) {
                return Types.required(kind.type()).named(field);
            }
            return Types.buildGroup(Repetition.REQUIRED)
                    .as(LogicalTypeAnnotation.listType())
                    .addField(Types.repeatedGroup()
                            .addField(Types.required(kind.type()).named("element"))
                            .named("list"))
                    .named(field);
        }
    }

    /** Java type of a row's value in a column. */
    enum Values {
        /** {@link Integer}. */
        INT(PrimitiveTypeName.INT32),
        /** {@code int[]}. */
        INTS(PrimitiveTypeName.INT32),
        /** {@code double[]}. */
        DOUBLES(PrimitiveTypeName.DOUBLE),
        /** {@link String}. */
        STRING(PrimitiveTypeName.BINARY);

        private final PrimitiveTypeName type;

        Values(PrimitiveTypeName type) {
            this.type = type;
        }

        private PrimitiveTypeName type() {
            return type;
        }

        boolean isList() {
            return this == INTS || this == DOUBLES;
        }
    }

    public SampleSchema {
        if (!columns.contains(Column.INPUT_IDS)) {
            throw new IllegalArgumentException("samples have input_ids, these columns are " + columns);
        }
        columns = Collections.unmodifiableSet(EnumSet.copyOf(columns));
    }

    /**
     * Returns the columns of texts with one label each.
     *
     * @param pairs true if a sample is a pair of texts, with token types
     */
    public static SampleSchema ofText(boolean pairs) {
        return ofText(pairs, Column.LABEL);
    }

    /**
     * Returns the columns of texts whose label is in a given column.
     *
     * @param pairs true if a sample is a pair of texts, with token types
     */
    public static SampleSchema ofText(boolean pairs, Column label) {
        Set<Column> columns = EnumSet.of(Column.INPUT_IDS, label);
        if (pairs) {
            columns.add(Column.TOKEN_TYPE_IDS);
        }
        return new SampleSchema(columns);
    }

    /** Returns these columns and further ones. */
    public SampleSchema with(Column... more) {
        Set<Column> all = EnumSet.copyOf(columns);
        all.addAll(List.of(more));
        return new SampleSchema(all);
    }

    /**
     * Returns the columns of documents whose tokens have labels.
     *
     * @param allTrained true if every token's label is the token itself; then no labels are stored
     */
    public static SampleSchema ofDocuments(boolean allTrained) {
        Set<Column> columns = EnumSet.of(Column.INPUT_IDS, Column.DOCUMENTS);
        if (!allTrained) {
            columns.add(Column.LABELS);
        }
        return new SampleSchema(columns);
    }

    /**
     * Returns these columns of a file's schema.
     *
     * @param file schema that may lack some of them
     */
    MessageType within(MessageType file) {
        return new MessageType(
                file.getName(),
                columns.stream()
                        .map(Column::field)
                        .filter(file::containsField)
                        .map(file::getType)
                        .toList());
    }

    /** Returns all columns except some. */
    public static SampleSchema allBut(Set<Column> left) {
        Set<Column> columns = EnumSet.allOf(Column.class);
        columns.removeAll(left);
        return new SampleSchema(columns);
    }

    /** Returns the columns that a file has. */
    static SampleSchema of(MessageType file) {
        Set<Column> columns = EnumSet.noneOf(Column.class);
        Arrays.stream(Column.values())
                .filter(column -> file.containsField(column.field()))
                .forEach(columns::add);
        return new SampleSchema(columns);
    }

    MessageType toParquet() {
        Types.MessageTypeBuilder builder = Types.buildMessage();
        columns.forEach(column -> builder.addField(column.type()));
        return builder.named("sample");
    }
}
