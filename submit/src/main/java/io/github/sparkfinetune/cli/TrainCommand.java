package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.ProgressOption;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code train}: trains on the prepared dataset and writes the model. */
@Command(
        name = "train",
        header = "Train on the prepared dataset and write the model.",
        description = "Resumes from the newest checkpoint of an earlier call.",
        footer = "  finetune train --config run.yaml --set training.num_train_epochs=3")
final class TrainCommand extends JobCommand {
    @Mixin
    private ProgressOption progress;

    TrainCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    int trainings() {
        return 1;
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        Pipeline pipeline = new Pipeline(run, jobs, this);
        pipeline.train(progress.start(err()));
        pipeline.sayReport();
    }
}
