package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code prepare}: prepares the dataset of the run from raw text. */
@Command(
        name = "prepare",
        header = "Read, split and tokenize the raw text into the dataset.",
        footer = "  finetune prepare --config run.yaml --set data.max_length=256")
final class PrepareCommand extends JobCommand {
    PrepareCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        new Pipeline(run, jobs, this).prepare();
    }
}
