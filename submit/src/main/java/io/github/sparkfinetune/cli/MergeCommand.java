package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code merge}: merges an adapter into its base model. */
@Command(
        name = "merge",
        header = "Add a LoRA adapter into its base and write a model folder.",
        footer = "  finetune merge --config run.yaml --output merged-model")
final class MergeCommand extends JobCommand {
    @Option(
            names = "--output",
            required = true,
            paramLabel = "PATH",
            description = "The folder of the merged model; must not exist.")
    private String output;

    @Option(
            names = "--adapter",
            paramLabel = "PATH",
            description = "Folder of a PEFT adapter, by default the run's adapter.")
    private String adapter;

    MergeCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        new Pipeline(run, jobs, this).merge(adapter, output);
    }
}
