package io.github.sparkfinetune.data;

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

    private SampleSchema() {}

    /** {@code input_ids}, with pairs {@code token_type_ids}, and {@code label}. */
    static MessageType of(boolean pairs) {
        Types.MessageTypeBuilder builder = Types.buildMessage();
        builder.addField(list(INPUT_IDS));
        if (pairs) {
            builder.addField(list(TOKEN_TYPE_IDS));
        }
        builder.addField(Types.required(PrimitiveTypeName.INT32).named(LABEL));
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
