package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/** Rows that {@link LanguageModelTrainer} trains on. */
enum LanguageRows {
    /** One text a row. */
    TEXTS {
        @Override
        List<String> settings(LanguageModelTrainer stage) {
            return List.of(RunSettings.setting("data.text", stage.getOrDefault(stage.inputCol())));
        }

        @Override
        Dataset<Row> of(LanguageModelTrainer stage, Dataset<?> dataset) {
            return dataset.toDF();
        }

        @Override
        void requireColumns(LanguageModelTrainer stage, StructType schema) {
            if (stage.isDefined(stage.labelCol())) {
                throw RunException.config(stage.uid() + ": labelCol: task " + stage.getOrDefault(stage.task())
                        + " trains only on inputCol: leave labelCol out, or set task to sft");
            }
            ColumnKind.TEXT.require(stage, stage.inputCol(), schema);
        }

        @Override
        LanguageModel model(DataType input) {
            return new LanguageModel();
        }
    },
    /** One conversation a row, or a prompt with its answer. */
    CONVERSATIONS {
        @Override
        List<String> settings(LanguageModelTrainer stage) {
            return List.of();
        }

        /** Renames the columns to the names that the task knows. */
        @Override
        Dataset<Row> of(LanguageModelTrainer stage, Dataset<?> dataset) {
            String name = stage.getOrDefault(stage.inputCol());
            Column input = Columns.named(name);
            return stage.isDefined(stage.labelCol())
                    ? dataset.select(
                            input.as(LanguageInput.PROMPT_COLUMN),
                            Columns.named(stage.getOrDefault(stage.labelCol())).as("completion"))
                    : dataset.select(input.as(LanguageInput.conversationColumn(
                            dataset.schema().apply(name).dataType())));
        }

        @Override
        void requireColumns(LanguageModelTrainer stage, StructType schema) {
            boolean hasLabel = stage.isDefined(stage.labelCol());
            DataType type =
                    (hasLabel ? ColumnKind.PROMPT : ColumnKind.CONVERSATION).require(stage, stage.inputCol(), schema);
            if (hasLabel) {
                (ColumnKind.isText(type) ? ColumnKind.TEXT : ColumnKind.MESSAGES)
                        .require(stage, stage.labelCol(), schema);
            }
        }

        @Override
        LanguageModel model(DataType input) {
            return new LanguageModel().setChat(!ColumnKind.isText(input));
        }
    };

    /** Returns the settings of the run that name columns. */
    abstract List<String> settings(LanguageModelTrainer stage);

    /** Returns the rows to prepare. */
    abstract Dataset<Row> of(LanguageModelTrainer stage, Dataset<?> dataset);

    /**
     * Checks the columns that are read.
     *
     * @throws RunException if a column does not exist, has another type or is not read
     */
    abstract void requireColumns(LanguageModelTrainer stage, StructType schema);

    /**
     * Returns the model before it has a run.
     *
     * @param input type of the input column
     */
    abstract LanguageModel model(DataType input);
}
