package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.job.group.GroupRun;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code predict}: predicts labels of new texts, or answers to new prompts. */
@Command(
        name = "predict",
        header = "Label texts, or answer prompts, by the trained model.",
        footer = "  finetune predict --config run.yaml --input questions.jsonl")
final class PredictCommand extends JobCommand {
    @Option(
            names = "--input",
            required = true,
            paramLabel = "PATH",
            description = "The texts or prompts, as the data section reads them.")
    private String input;

    @Option(
            names = "--output",
            paramLabel = "PATH",
            description = {
                "Folder of the predictions, by default predicted.parquet in output.dir;",
                "or table:NAME, a table of Delta or Iceberg that they are appended to."
            })
    private String output;

    @Option(
            names = "--coverage",
            paramLabel = "SHARE",
            description =
                    "Write for each text the labels of which one is right with this probability: predict.coverage.")
    private String coverage;

    @Option(names = "--per", paramLabel = "COLUMN", description = "Predict each row by its model of run --per.")
    private String column;

    @Option(names = "--together", paramLabel = "N", defaultValue = "1", description = "With --per, values at a time.")
    private int together;

    PredictCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    List<String> settings() {
        return coverage == null ? List.of() : List.of("predict.coverage=" + coverage);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        RunFolder folder = RunFolder.of(run, jobs.hadoop());
        String target = output == null ? folder.shown("predicted.parquet") : output;
        if (column != null) {
            new GroupRun(run, column, together, jobs, this).predict(input, target);
        } else {
            new Pipeline(run, jobs, this).predict(input, target);
        }
        say("predicted " + target);
    }
}
