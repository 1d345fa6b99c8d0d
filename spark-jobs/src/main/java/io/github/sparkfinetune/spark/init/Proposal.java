package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.List;

/**
 * Run that fits its data, its model and its machine.
 *
 * @param yaml configuration file, with comments
 * @param config configuration that the file loads as
 * @param plan memory and disk of the run
 * @param found findings in the data and the model, one line each
 */
public record Proposal(String yaml, RunConfig config, PlanJob.Plan plan, List<String> found) {
    public Proposal {
        found = List.copyOf(found);
    }
}
