package io.github.sparkfinetune.data.dataset;

import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/** Columns of a dataset's Parquet files: plain lists of int32, readable by any Parquet tool. */
final class SampleSchema {
    static final String INPUT_IDS = "input_ids";
    static final String TOKEN_TYPE_IDS = "token_type_ids";
    static final String LABEL = "label";
    static final String LABELS = "labels";
    static final String DOCUMENTS = "documents";

    private SampleSchema() {}

    /** {@code input_ids} and the columns besides. */
    static MessageType of(SampleColumns columns) {
        Types.MessageTypeBuilder builder = Types.buildMessage();
        builder.addField(list(INPUT_IDS));
        if (columns.tokenTypes()) {
            builder.addField(list(TOKEN_TYPE_IDS));
        }
        if (columns.label()) {
            builder.addField(Types.required(PrimitiveTypeName.INT32).named(LABEL));
        }
        if (columns.labels()) {
            builder.addField(list(LABELS));
        }
        if (columns.documents()) {
            builder.addField(list(DOCUMENTS));
        }
        return builder.named("sample");
    }

    private static org.apache.parquet.schema.Type list(String name) {
        return Types.buildGroup(Repetition.REQUIRED)
                .as(LogicalTypeAnnotation.listType())
                .addField(Types.repeatedGroup()
                        .addField(Types.required(PrimitiveTypeName.INT32).named("element"))
                        .named("list"))
                .named(name);
    }
}
