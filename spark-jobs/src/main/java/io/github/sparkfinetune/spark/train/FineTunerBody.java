package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/**
 * Fine-tuning as the work of every rank.
 *
 * @param until optimizer step after which the training pauses
 */
record FineTunerBody(long until) implements RankBody {
    @Override
    public void check(RunConfig config, Configuration hadoop) throws IOException {
        FineTuner.check(config, hadoop);
    }

    @Override
    public RunConfig hold(RunConfig config, Configuration hadoop) throws IOException {
        return FineTuner.hold(config, hadoop);
    }

    @Override
    public void release(RunConfig config, TrainingResult result, Configuration hadoop) throws IOException {
        if (until == Long.MAX_VALUE || result.steps() < until) {
            FineTuner.release(config, hadoop);
        }
    }

    @Override
    public Optional<RankMemory> memory(RunConfig config, Configuration hadoop) throws IOException {
        return Optional.of(PlanJob.plan(config, hadoop, false).memory());
    }

    @Override
    public String newestCheckpoint(RunConfig config, Configuration hadoop) {
        return FineTuner.newestCheckpoint(config, hadoop);
    }

    @Override
    public TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws IOException {
        return FineTuner.run(config, rank, resumeFrom, until);
    }
}
