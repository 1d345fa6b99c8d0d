package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code evaluate}: measures the trained model. */
@Command(
        name = "evaluate",
        header = "Measure the trained model on the held-out text.",
        description = {
            "For a language model, measures the base model too.",
            "With --input, measures the model on other rows instead."
        },
        footer = "  finetune evaluate --config run.yaml")
final class EvaluateCommand extends JobCommand {
    @Option(
            names = "--input",
            paramLabel = "PATH",
            description = "Other rows with labels or answers, as the data section reads them.")
    private String input;

    @Option(
            names = "--output",
            paramLabel = "PATH",
            description = "With --input, folder of metrics.json, by default evaluated in output.dir.")
    private String output;

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
        if (input != null) {
            pipeline.evaluate(
                    input, output == null ? RunFolder.of(run, jobs.hadoop()).shown("evaluated") : output);
            return;
        }
        if (output != null) {
            throw RunException.config("--output is the folder of --input: give both, or none");
        }
        pipeline.evaluate();
        pipeline.sayReport();
    }
}
