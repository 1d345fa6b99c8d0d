package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Promotion;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code promote}: points at the trained model if it is better than the model in use. */
@Command(
        name = "promote",
        header = "Point a file at the trained model, if it beats the one there.",
        description = "Compare by one held-out text: give all runs the same data.test.",
        footer = "  finetune promote --config run.yaml --pointer in-use.json")
final class PromoteCommand extends JobCommand {
    @Option(
            names = "--pointer",
            required = true,
            paramLabel = "FILE",
            description = "JSON file; its promoted.model is the folder in use.")
    private String pointer;

    @Option(names = "--metric", paramLabel = "NAME", description = "By default training.metric_for_best_model.")
    private String metric;

    @Option(names = "--run-id", paramLabel = "ID", description = "Your name for the run; by default its output.dir.")
    private String runId;

    @Option(
            names = "--alias",
            paramLabel = "NAME",
            defaultValue = Promotion.CHAMPION,
            description = "Alias in MLflow's registry for a registered model; ${DEFAULT-VALUE} by default.")
    private String alias;

    PromoteCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        new Promotion(pointer, metric, runId, alias).of(run, jobs, this);
    }
}
