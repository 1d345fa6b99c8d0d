package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.spark.command.Argument;

/**
 * Answers, and the rows that they change.
 *
 * @param answers export of the tool
 * @param input rows; null for {@code data.train}
 * @param output folder of the copy
 */
public record RelabelOptions(
        @Argument(
                label = "FILE",
                text = "The answers: an export of Label Studio (JSON or JSON-MIN) or of Argilla (to_json).",
                required = true)
        String answers,

        @Argument(
                label = "PATH",
                text = "The rows, a table or files in the format of the data section. By default data.train.")
        String input,

        @Argument(label = "PATH", text = "The folder of the copy; must not exist.", required = true)
        String output) {}
