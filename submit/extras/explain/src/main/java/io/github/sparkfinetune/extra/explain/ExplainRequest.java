package io.github.sparkfinetune.extra.explain;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;

/**
 * Rows to explain.
 *
 * @param input rows with the columns of the training text, or of {@code predict}'s output
 * @param output folder of the Parquet files; must not exist
 * @param documents highest number of documents on each side of a prediction
 */
public record ExplainRequest(
        @Argument(
                label = "PATH",
                text = "Texts with the label or answer to explain, or the output of predict.",
                required = true)
        String input,

        @Argument(label = "PATH", text = "Folder of the explanations, as Parquet; must not exist.", required = true)
        String output,

        @Argument(
                label = "N",
                text = "Most supporting, and most opposing, documents of a row. Default: ${DEFAULT-VALUE}.",
                otherwise = "10")
        int documents) {

    public ExplainRequest {
        if (documents < 1) {
            throw RunException.config("--documents is " + documents + ": give 1 or more");
        }
    }
}
