package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.List;

/**
 * A run that fits its data, its model and its machine.
 *
 * @param yaml the file, with comments
 * @param config what it loads as
 * @param plan what it takes
 * @param found what was found in the data and the model, a line each
 */
public record Proposal(String yaml, RunConfig config, PlanJob.Plan plan, List<String> found) {
    public Proposal {
        found = List.copyOf(found);
    }
}
