package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code run}: all that leads from raw text to a measured model. */
@Command(
        name = "run",
        header = "Prepare, train and evaluate.",
        description = "What training would refuse is found before anything is prepared.",
        footer = "  finetune run --config run.yaml --set output.dir=runs/first")
final class RunCommand extends JobCommand {
    @Mixin
    private ProgressOption progress;

    RunCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        Pipeline pipeline = new Pipeline(run, jobs, this);
        jobs.check(run);
        pipeline.prepare();
        pipeline.train(progress);
        pipeline.evaluate();
        pipeline.sayReport();
    }
}
