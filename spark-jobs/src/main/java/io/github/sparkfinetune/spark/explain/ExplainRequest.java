package io.github.sparkfinetune.spark.explain;

import io.github.sparkfinetune.conf.error.RunException;

/**
 * Rows to explain.
 *
 * @param input rows with the columns of the training text, or of {@code predict}'s output
 * @param output folder of the Parquet files; must not exist
 * @param documents highest number of documents on each side of a prediction
 */
public record ExplainRequest(String input, String output, int documents) {
    public ExplainRequest {
        if (documents < 1) {
            throw RunException.config("--documents is " + documents + ": give 1 or more");
        }
    }
}
