package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.TraceText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code trace}: shows what happened to one document. */
@Command(
        name = "trace",
        header = "Show where one document went, and which steps train on it.",
        description = "Computed from the text, the dataset and the training order, as if a run with"
                + " these settings had finished.",
        footer = "  finetune trace --config run.yaml --text-file mail.txt")
final class TraceCommand extends JobCommand {
    @Option(
            names = "--text-file",
            paramLabel = "FILE",
            description = "The document: a text, or a row as one JSON object.")
    private String textFile;

    @Option(names = "--hash", paramLabel = "HASH", description = "Or the hash of its content, as shown by trace.")
    private String hash;

    TraceCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        if ((textFile == null) == (hash == null)) {
            throw RunException.config("trace takes one document: give it --text-file or --hash");
        }
        TraceText.lines(textFile == null ? jobs.traceHash(run, hash) : jobs.traceFile(run, textFile))
                .forEach(this::say);
    }
}
