package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;

/**
 * Rows to ask about, and the tool.
 *
 * @param audit folder of an audit, or null
 * @param predictions folder or table of predictions, or null
 * @param output folder of the tool's files
 * @param tool name of the tool
 * @param most number of rows
 */
public record AnnotateOptions(
        @Argument(label = "PATH", text = "The folder of an audit: its most doubtful rows.")
        String audit,

        @Argument(
                label = "PATH",
                text = "Predictions with predict.coverage, a folder or table:NAME: those that abstain.")
        String predictions,

        @Argument(label = "PATH", text = "The folder of the tool's files; must not exist.", required = true)
        String output,

        @Argument(
                label = "NAME",
                text = "label-studio or argilla. Default: ${DEFAULT-VALUE}.",
                otherwise = "label-studio")
        String tool,

        @Argument(label = "N", text = "Rows at most. Default: ${DEFAULT-VALUE}.", otherwise = "200")
        int most) {

    public AnnotateOptions {
        if ((audit == null) == (predictions == null)) {
            throw RunException.config("--audit: name either --audit or --predictions");
        }
        if (most < 1) {
            throw RunException.config("--most: " + most + " is not allowed, it must be at least 1");
        }
        AnnotationTool.named(tool);
    }
}
