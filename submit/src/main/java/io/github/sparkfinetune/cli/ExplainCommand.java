package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.ExplainText;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.spark.explain.ExplainRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code explain}: finds the training documents behind predictions. */
@Command(
        name = "explain",
        header = "Find training documents behind predictions. (experimental)",
        description = {
            "Ranks all training documents by their influence on each row (TracIn), with",
            "the checkpoints of the run."
        },
        footer = "  finetune explain --config run.yaml --input wrong.jsonl --output reasons")
final class ExplainCommand extends JobCommand {
    @Option(
            names = "--input",
            required = true,
            paramLabel = "PATH",
            description = "Texts with the label or answer to explain, or the output of predict.")
    private String input;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "PATH",
            description = "Folder of the explanations, as Parquet; must not exist.")
    private String output;

    @Option(
            names = "--documents",
            paramLabel = "N",
            defaultValue = "10",
            description = "Most supporting, and most opposing, documents of a row. Default: ${DEFAULT-VALUE}.")
    private int documents;

    ExplainCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        ExplainText.lines(jobs.explain(run, new ExplainRequest(input, output, documents)))
                .forEach(this::say);
        say("reasons   " + output);
    }
}
