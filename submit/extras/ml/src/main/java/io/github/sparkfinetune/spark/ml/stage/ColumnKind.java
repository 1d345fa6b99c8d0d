package io.github.sparkfinetune.spark.ml.stage;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.apache.spark.ml.linalg.VectorUDT;
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
 * Types that a column of a stage may have.
 *
 * @param expected description of the types in messages
 * @param fits whether a type is allowed
 */
public record ColumnKind(String expected, Predicate<DataType> fits) {
    private static final String LIST_OF_MESSAGES = "array<struct<role:string,content:string>>";

    public static final ColumnKind TEXT = new ColumnKind("string", ColumnKind::isText);
    public static final ColumnKind WORDS = new ColumnKind(
            "array<string> (the words of a row) or string", type -> isText(type) || isArray(type, ColumnKind::isText));
    /** One tag per word, or the spans of entities. */
    public static final ColumnKind TAGS = new ColumnKind(
            "array<string> (one tag per word) or array<struct<start:int,end:int,label:string>>",
            type -> isArray(
                    type,
                    one -> isText(one) || one instanceof IntegralType || hasFields(one, "start", "end", "label")));

    public static final ColumnKind LABEL = new ColumnKind(
            "string or a number", type -> isText(type) || type instanceof NumericType || type instanceof BooleanType);
    public static final ColumnKind LABELS = new ColumnKind("array<string>", type -> isArray(type, ColumnKind::isText));
    /** The value as text is the group of a row. */
    public static final ColumnKind GROUP = new ColumnKind("the group of a row, of any type", type -> true);

    public static final ColumnKind INDICATOR = new ColumnKind("boolean", BooleanType.class::isInstance);
    /** A vector of Spark ML, or an array of numbers. */
    public static final ColumnKind VECTOR = new ColumnKind(
            "vector or array<float>",
            type -> type instanceof VectorUDT || isArray(type, NumericType.class::isInstance));

    public static final ColumnKind NUMBER = new ColumnKind("a number", NumericType.class::isInstance);
    /** Answers in the form of the {@code datasets} library, or of SQuAD's files. */
    public static final ColumnKind ANSWERS = new ColumnKind(
            "struct<text:array<string>,answer_start:array<int>>",
            type -> hasFields(type, "text", "answer_start")
                    || isArray(type, one -> hasFields(one, "text", "answer_start")));

    public static final ColumnKind MESSAGES = new ColumnKind(LIST_OF_MESSAGES, ColumnKind::isMessages);
    /** Messages in the form of OpenAI or of ShareGPT. */
    public static final ColumnKind CONVERSATION =
            new ColumnKind(LIST_OF_MESSAGES, type -> isMessages(type) || isFromAndValue(type));

    public static final ColumnKind PROMPT =
            new ColumnKind("string or " + LIST_OF_MESSAGES, type -> isText(type) || isMessages(type));
    /** Text or conversation that the model continues, in any of these forms. */
    public static final ColumnKind ASKED = new ColumnKind(
            "string or " + LIST_OF_MESSAGES, type -> isText(type) || isMessages(type) || isFromAndValue(type));

    public static boolean isText(DataType type) {
        return type instanceof StringType;
    }

    private static boolean isArray(DataType type, Predicate<DataType> element) {
        return type instanceof ArrayType array && element.test(array.elementType());
    }

    private static boolean hasFields(DataType type, String... names) {
        return type instanceof StructType struct && List.of(struct.fieldNames()).containsAll(List.of(names));
    }

    /** Returns whether a type is a list of messages with the field names of ShareGPT. */
    public static boolean isFromAndValue(DataType type) {
        return isArray(type, one -> hasFields(one, "from", "value"));
    }

    private static boolean isMessages(DataType type) {
        return isArray(type, one -> hasFields(one, "role", "content"));
    }

    /**
     * Refuses a column that does not exist or has another type.
     *
     * @param stage stage that reads the column
     * @param param parameter of the stage that names the column
     * @return type of the column
     */
    public DataType require(Params stage, Param<String> param, StructType schema) {
        return require(
                stage,
                param.name(),
                stage.getOrDefault(param),
                schema,
                "set " + param.name() + " to a column that is ");
    }

    /**
     * Refuses a column that does not exist or has another type.
     *
     * @param what use of the column, for messages
     * @param name name of the column, which is fixed
     */
    public void require(Params stage, String what, String name, StructType schema) {
        require(stage, what, name, schema, "add a column that is ");
    }

    private DataType require(Params stage, String what, String name, StructType schema, String remedy) {
        String set = remedy + expected;
        if (!Arrays.asList(schema.fieldNames()).contains(name)) {
            throw RunException.config(stage.uid() + ": " + what + ": there is no column " + name + ", the columns are "
                    + String.join(", ", schema.fieldNames()) + ": " + set);
        }
        DataType type = schema.apply(name).dataType();
        if (!fits.test(type)) {
            throw RunException.config(stage.uid() + ": " + what + ": column " + name + " is " + type.simpleString()
                    + ", it must be " + expected + ": cast it, or " + set);
        }
        return type;
    }
}
