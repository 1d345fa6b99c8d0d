package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/** Column that {@link LanguageModel} reads, as its task names it. */
enum LanguageInput {
    /** Text that the model continues, or whose mask tokens it fills in. */
    TEXT {
        @Override
        Map<String, Column> columns(LanguageModel stage, StructType schema) {
            ColumnKind.TEXT.require(stage, stage.inputCol(), schema);
            return Map.of(stage.run().data().text(), input(stage));
        }
    },
    /** Text or conversation that the model answers. The conversation has a column of its own. */
    CONVERSATION {
        @Override
        Map<String, Column> columns(LanguageModel stage, StructType schema) {
            DataType type = ColumnKind.ASKED.require(stage, stage.inputCol(), schema);
            if (!ColumnKind.isText(type)) {
                return Map.of(conversationColumn(type), input(stage));
            }
            return isMessage(stage)
                    ? Map.of(MESSAGES_COLUMN, conversation(input(stage)))
                    : Map.of(PROMPT_COLUMN, input(stage));
        }
    },
    /** Text or conversation that the model answers, in the column of prompts. */
    PROMPT {
        @Override
        Map<String, Column> columns(LanguageModel stage, StructType schema) {
            DataType type = ColumnKind.ASKED.require(stage, stage.inputCol(), schema);
            boolean message = ColumnKind.isText(type) && isMessage(stage);
            return Map.of(PROMPT_COLUMN, message ? conversation(input(stage)) : input(stage));
        }
    };

    /** Name of the column of prompts. */
    static final String PROMPT_COLUMN = "prompt";

    private static final String MESSAGES_COLUMN = "messages";

    /**
     * Returns the columns of the run that the model predicts from.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if the input column does not exist or has another type
     */
    abstract Map<String, Column> columns(LanguageModel stage, StructType schema);

    /** Returns the name of a column of conversations. */
    static String conversationColumn(DataType type) {
        return ColumnKind.isFromAndValue(type) ? "conversations" : MESSAGES_COLUMN;
    }

    private static Column input(LanguageModel stage) {
        return Columns.named(stage.getOrDefault(stage.inputCol()));
    }

    private static boolean isMessage(LanguageModel stage) {
        return (boolean) stage.getOrDefault(stage.chat());
    }

    /** Returns a conversation of one message of the user. */
    private static Column conversation(Column message) {
        return when(message.isNotNull(), array(struct(lit("user").as("role"), message.as("content"))));
    }
}
