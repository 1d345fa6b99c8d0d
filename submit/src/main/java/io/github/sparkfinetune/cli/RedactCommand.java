package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code redact}: writes a copy of a table or of files with personal data replaced. */
@Command(
        name = "redact",
        header = "Replace personal data in tables or files. (experimental)",
        description = {
            "Writes a copy as Parquet, with the counts in its file _redacted.json.",
            "Columns that are not named stay as they are."
        },
        footer = "  finetune redact --config run.yaml --input table:crm.mails --output clean")
final class RedactCommand extends JobCommand {
    @Option(
            names = "--input",
            required = true,
            paramLabel = "PATH",
            description = "The table or files to redact, in the format of the data section.")
    private String input;

    @Option(
            names = "--columns",
            paramLabel = "NAME",
            split = ",",
            description = "The columns to redact: texts, or lists and structures of texts. By default data.text"
                    + " and data.text_pair.")
    private List<String> columns = new ArrayList<>();

    @Option(
            names = "--output",
            required = true,
            paramLabel = "PATH",
            description = "The folder of the copy; must not exist.")
    private String output;

    RedactCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean readsBaseModel() {
        return false;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        say("redacted  " + jobs.redact(run, input, columns, output));
        say("copy      " + output);
    }
}
