package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;

/**
 * Extent of an audit.
 *
 * @param output folder of the audit; new, or that of the same audit before it ended
 * @param folds number of parts of the rows, and of trainings
 * @param together trainings at a time
 */
public record AuditOptions(
        @Argument(
                label = "PATH",
                text = "The folder of the audit; must not exist, or holds this audit unfinished.",
                required = true)
        String output,

        @Argument(
                label = "N",
                text = "Parts of the rows, each judged by a training on the others. Default: ${DEFAULT-VALUE}.",
                otherwise = "4")
        int folds,

        @Argument(label = "N", text = "Trainings at a time. Default: ${DEFAULT-VALUE}.", otherwise = "1")
        int together) {

    public AuditOptions {
        require("--folds", folds, 2);
        require("--together", together, 1);
    }

    private static void require(String option, int value, int least) {
        if (value < least) {
            throw RunException.config(option + ": " + value + " is not allowed, it must be at least " + least);
        }
    }
}
