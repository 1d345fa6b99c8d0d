package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.gguf.GgufType;
import io.github.sparkfinetune.job.Jobs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code export}: writes the trained language model as a file for other programs. */
@Command(
        name = "export",
        header = "Write the trained language model as a file for llama.cpp.",
        description = "Merges an adapter into its base model first.",
        footer = "  finetune export --config run.yaml --type Q8_0 --output mails.gguf")
final class ExportCommand extends JobCommand {
    private static final String GGUF = "gguf";

    @Option(names = "--output", required = true, paramLabel = "PATH", description = "The file; must not exist.")
    private String output;

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = GGUF, description = "The file's format: gguf.")
    private String format;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "F16",
            description = "Type of the weights: F32, F16 (default), BF16, Q8_0 or Q4_0.")
    private String type;

    ExportCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        if (!format.equals(GGUF)) {
            throw RunException.config("--format is '" + format + "': it must be " + GGUF);
        }
        say("exported  " + jobs.export(run, GgufType.named("--type", type), output));
        say("file      " + output);
    }
}
