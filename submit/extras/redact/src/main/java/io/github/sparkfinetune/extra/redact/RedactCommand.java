package io.github.sparkfinetune.extra.redact;

import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.util.List;

/** {@code redact}: writes a copy of a table or of files with personal data replaced. */
public final class RedactCommand implements Command<RedactCommand.Options, RedactJob.Outcome> {

    /** Arguments of the command. */
    public record Options(
            @Argument(
                    label = "PATH",
                    text = "The table or files to redact, in the format of the data section.",
                    required = true)
            String input,

            @Argument(
                    label = "NAME",
                    text = "The columns to redact: texts, or lists and structures of texts. By default data.text and"
                            + " data.text_pair.")
            List<String> columns,

            @Argument(label = "PATH", text = "The folder of the copy; must not exist.", required = true)
            String output) {

        public Options {
            columns = List.copyOf(columns);
        }
    }

    @Override
    public String name() {
        return "redact";
    }

    @Override
    public int place() {
        return 106;
    }

    @Override
    public Help help() {
        return new Help(
                "Replace personal data in tables or files. (experimental)",
                List.of(
                        "Writes a copy as Parquet, with the counts in its file _redacted.json.",
                        "Columns that are not named stay as they are."),
                "--config run.yaml --input table:crm.mails --output clean");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public boolean readsBaseModel() {
        return false;
    }

    @Override
    public RedactJob.Outcome run(Call call, Options options) {
        return RedactJob.run(call.session(), call.run(), options.input(), options.columns(), options.output());
    }

    @Override
    public List<String> text(Options options, RedactJob.Outcome outcome) {
        return List.of("redacted  " + outcome.summary(), "copy      " + options.output());
    }
}
