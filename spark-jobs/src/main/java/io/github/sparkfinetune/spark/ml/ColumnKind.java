package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.IntegralType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * What a column that a stage reads has to be.
 *
 * @param wanted its type, for messages
 * @param fits whether a type is one of these
 */
record ColumnKind(String wanted, Predicate<DataType> fits) {
    private static final String LIST_OF_MESSAGES = "array<struct<role:string,content:string>>";

    static final ColumnKind TEXT = new ColumnKind("string", ColumnKind::isText);
    static final ColumnKind WORDS = new ColumnKind(
            "array<string>, a row's words, or string", type -> isText(type) || isArray(type, ColumnKind::isText));
    /** A tag a word, or the spans of entities. */
    static final ColumnKind TAGS = new ColumnKind(
            "array<string>, a tag of each word, or array<struct<start:int,end:int,label:string>>",
            type -> isArray(
                    type,
                    one -> isText(one) || one instanceof IntegralType || hasFields(one, "start", "end", "label")));

    static final ColumnKind LABEL = new ColumnKind(
            "string or a number", type -> isText(type) || type instanceof NumericType || type instanceof BooleanType);
    static final ColumnKind LABELS = new ColumnKind("array<string>", type -> isArray(type, ColumnKind::isText));
    static final ColumnKind NUMBER = new ColumnKind("a number", NumericType.class::isInstance);
    /** As the {@code datasets} library has them, or as SQuAD's files do. */
    static final ColumnKind ANSWERS = new ColumnKind(
            "struct<text:array<string>,answer_start:array<int>>",
            type -> hasFields(type, "text", "answer_start")
                    || isArray(type, one -> hasFields(one, "text", "answer_start")));

    static final ColumnKind MESSAGES = new ColumnKind(LIST_OF_MESSAGES, ColumnKind::isMessages);
    /** Messages, or ShareGPT's. */
    static final ColumnKind CONVERSATION =
            new ColumnKind(LIST_OF_MESSAGES, type -> isMessages(type) || isFromAndValue(type));

    static final ColumnKind PROMPT =
            new ColumnKind("string or " + LIST_OF_MESSAGES, type -> isText(type) || isMessages(type));
    /** What a conversation goes on from, in any of these forms. */
    static final ColumnKind ASKED = new ColumnKind(
            "string or " + LIST_OF_MESSAGES, type -> isText(type) || isMessages(type) || isFromAndValue(type));

    static boolean isText(DataType type) {
        return type instanceof StringType;
    }

    private static boolean isArray(DataType type, Predicate<DataType> element) {
        return type instanceof ArrayType array && element.test(array.elementType());
    }

    private static boolean hasFields(DataType type, String... names) {
        return type instanceof StructType struct && List.of(struct.fieldNames()).containsAll(List.of(names));
    }

    /** Whether it is a list of messages as ShareGPT names their fields. */
    static boolean isFromAndValue(DataType type) {
        return isArray(type, one -> hasFields(one, "from", "value"));
    }

    private static boolean isMessages(DataType type) {
        return isArray(type, one -> hasFields(one, "role", "content"));
    }

    /**
     * Refuses a column that is not there or of another type.
     *
     * @param param of the stage, that names the column
     * @return the column's type
     */
    DataType require(Params stage, Param<String> param, StructType schema) {
        String name = stage.getOrDefault(param);
        String set = "set " + param.name() + " to one that is " + wanted;
        if (!Arrays.asList(schema.fieldNames()).contains(name)) {
            throw RunException.config(stage.uid() + ": " + param.name() + ": there is no column " + name
                    + ", the columns are " + String.join(", ", schema.fieldNames()) + ": " + set);
        }
        DataType type = schema.apply(name).dataType();
        if (!fits.test(type)) {
            throw RunException.config(stage.uid() + ": " + param.name() + ": column " + name + " is "
                    + type.simpleString() + ", it must be " + wanted + ": cast it, or " + set);
        }
        return type;
    }
}
