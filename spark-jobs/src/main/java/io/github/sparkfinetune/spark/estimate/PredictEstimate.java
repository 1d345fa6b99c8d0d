package io.github.sparkfinetune.spark.estimate;

import io.github.sparkfinetune.core.task.TaskRows;
import io.github.sparkfinetune.spark.predict.PartSizes;
import io.github.sparkfinetune.spark.source.SourceFiles;

/**
 * Parts of {@code predict} for a source that need not exist. Nothing is shuffled, unless the source has fewer
 * partitions than the cluster has tasks.
 *
 * @param source source with its number and size of files
 * @param parts number of parts, each of which is a task and a file
 * @param rows rows of a part
 */
public record PredictEstimate(SourceFiles source, int parts, long rows) {
    /** Estimates the prediction of a source's rows. */
    public static PredictEstimate of(TaskRows task, SourceFiles source, long rows) {
        int parts = PartSizes.of(task).parts(source);
        return new PredictEstimate(source, parts, 1 + (rows - 1) / parts);
    }

    /** Returns the memory of the driver. */
    public DriverEstimate driver() {
        return DriverEstimate.of(source, parts, 0, parts, 0);
    }
}
