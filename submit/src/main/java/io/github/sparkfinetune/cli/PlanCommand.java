package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.PlanText;
import io.github.sparkfinetune.spark.run.PlanJob;
import picocli.CommandLine.Command;

/** {@code plan}: shows the resources of the training; fails as {@code train} would if training rejects the run. */
@Command(
        name = "plan",
        header = "Show what training takes, and what would make it fit.",
        description = "Parameters, memory of a rank, steps and tokens. Computes nothing and starts no session;"
                + " fails if train would reject the run.",
        footer = "  finetune plan --config run.yaml --master yarn")
final class PlanCommand extends JobCommand {
    PlanCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        PlanJob.Plan plan = jobs.plan(run);
        PlanText.lines(plan).forEach(this::say);
        jobs.slowSources(run).forEach(warning -> say("warning     " + warning));
        plan.refusal().ifPresent(refusal -> {
            throw refusal;
        });
    }
}
