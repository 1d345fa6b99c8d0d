package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code evaluate}: measures the trained model. */
@Command(
        name = "evaluate",
        header = "Measure the trained model on the held-out text.",
        description = "For a language model, measures the base model too.",
        footer = "  finetune evaluate --config run.yaml")
final class EvaluateCommand extends JobCommand {
    EvaluateCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        Pipeline pipeline = new Pipeline(run, jobs, this);
        pipeline.evaluate();
        pipeline.sayReport();
    }
}
