package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.PlanText;
import io.github.sparkfinetune.spark.run.PlanJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code plan}: shows the resources of the training; fails as {@code train} would if training rejects the run. */
@Command(
        name = "plan",
        header = "Show what training takes, and what would make it fit.",
        description = "Parameters, memory of a rank, steps and tokens. Computes nothing and starts no session"
                + " without --measure; fails if train would reject the run.",
        footer = "  finetune plan --config run.yaml --master yarn")
final class PlanCommand extends JobCommand {
    @Option(
            names = "--measure",
            description =
                    "Train the first steps of the prepared dataset, discard them, and show how long the run takes.")
    private boolean measured;

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
        if (measured) {
            RunPlan.Work work = plan.run()
                    .work()
                    .orElseThrow(() -> RunException.config(
                            "--measure: " + run.dataset() + " holds no dataset: run finetune prepare first"));
            say(PlanText.line(jobs.measure(run, work)));
        }
    }
}
