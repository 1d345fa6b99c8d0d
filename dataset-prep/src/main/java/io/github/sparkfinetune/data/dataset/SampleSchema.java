package io.github.sparkfinetune.data.dataset;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/**
 * The Parquet schema of a dataset's shards. A row is a {@link Sample}. Every value is a required INT32, every list is
 * Parquet's three-level {@code LIST} of such values, and nothing is null, so that any Parquet tool reads a shard:
 *
 * <pre>
 * message sample {
 *   required group input_ids (LIST)      { repeated group list { required int32 element; } }
 *   required group token_type_ids (LIST) { repeated group list { required int32 element; } }
 *   required int32 label;
 *   required group labels (LIST)         { repeated group list { required int32 element; } }
 *   required group documents (LIST)      { repeated group list { required int32 element; } }
 * }
 * </pre>
 *
 * <p>Columns keep this order; all but the first are there only where a task's samples need them:
 *
 * <table>
 * <caption>Columns</caption>
 * <tr><th>column</th><th>meaning</th><th>where it is missing</th></tr>
 * <tr><td>{@code input_ids}</td><td>token ids, special tokens included, not padded; at least one, at most
 *     {@code max_length} of them</td><td>never</td></tr>
 * <tr><td>{@code token_type_ids}</td><td>0 for the first text, 1 for the second; one a token</td><td>every token's type
 *     is 0</td></tr>
 * <tr><td>{@code label}</td><td>id of the sample's label: a place in the manifest's {@code labels}</td><td>samples have
 *     no label</td></tr>
 * <tr><td>{@code labels}</td><td>label of each token, {@value Sample#IGNORED} where it takes no part in the loss; one a
 *     token, not shifted</td><td>with {@code documents}, every token's label is the token itself; without, tokens have
 *     no labels</td></tr>
 * <tr><td>{@code documents}</td><td>number of tokens of each document in the sample, in order; their sum is the number
 *     of tokens, attention never crosses from one to the next</td><td>a sample is one document</td></tr>
 * </table>
 *
 * @param columns in the order of the file
 */
public record SampleSchema(Set<Column> columns) {

    /** A column of the files. */
    public enum Column {
        INPUT_IDS("input_ids", true) {
            @Override
            int[] values(Sample sample) {
                return sample.inputIds();
            }
        },
        TOKEN_TYPE_IDS("token_type_ids", true) {
            @Override
            int[] values(Sample sample) {
                return sample.tokenTypeIds();
            }
        },
        LABEL("label", false) {
            @Override
            int[] values(Sample sample) {
                return new int[] {sample.label()};
            }
        },
        LABELS("labels", true) {
            @Override
            int[] values(Sample sample) {
                return sample.labels();
            }
        },
        DOCUMENTS("documents", true) {
            @Override
            int[] values(Sample sample) {
                return sample.documents();
            }
        };

        private final String field;
        private final boolean list;

        Column(String field, boolean list) {
            this.field = field;
            this.list = list;
        }

        /** What a sample has in it: one value where it is no list. */
        abstract int[] values(Sample sample);

        /** Its name in the files. */
        String field() {
            return field;
        }

        /** Whether a row has a list of values. */
        boolean isList() {
            return list;
        }

        /** Path of its values in the schema. */
        String[] path() {
            return list ? new String[] {field, "list", "element"} : new String[] {field};
        }

        private Type type() {
            if (!list) {
                return Types.required(PrimitiveTypeName.INT32).named(field);
            }
            return Types.buildGroup(Repetition.REQUIRED)
                    .as(LogicalTypeAnnotation.listType())
                    .addField(Types.repeatedGroup()
                            .addField(Types.required(PrimitiveTypeName.INT32).named("element"))
                            .named("list"))
                    .named(field);
        }
    }

    public SampleSchema {
        if (!columns.contains(Column.INPUT_IDS)) {
            throw new IllegalArgumentException("samples have input_ids, these columns are " + columns);
        }
        columns = Collections.unmodifiableSet(EnumSet.copyOf(columns));
    }

    /**
     * Texts with one label each.
     *
     * @param pairs whether a sample is a pair of texts, with token types
     */
    public static SampleSchema ofText(boolean pairs) {
        Set<Column> columns = EnumSet.of(Column.INPUT_IDS, Column.LABEL);
        if (pairs) {
            columns.add(Column.TOKEN_TYPE_IDS);
        }
        return new SampleSchema(columns);
    }

    /**
     * Documents whose tokens have labels.
     *
     * @param allTrained whether every token's label is the token itself: then none is stored
     */
    public static SampleSchema ofDocuments(boolean allTrained) {
        Set<Column> columns = EnumSet.of(Column.INPUT_IDS, Column.DOCUMENTS);
        if (!allTrained) {
            columns.add(Column.LABELS);
        }
        return new SampleSchema(columns);
    }

    /** The columns that a file has. */
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
