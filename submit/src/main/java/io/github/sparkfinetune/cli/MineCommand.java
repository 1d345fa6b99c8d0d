package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.spark.mine.MineOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mine}: finds hard negatives for the pairs of an embedding run. */
@Command(
        name = "mine",
        header = "Find texts wrongly ranked as matches. (experimental)",
        footer = "  finetune mine --config run.yaml --output data/with-negatives")
final class MineCommand extends JobCommand {
    @Option(
            names = "--output",
            required = true,
            paramLabel = "PATH",
            description = "The folder of data.train with a column of negatives, as Parquet; must not exist.")
    private String output;

    @Option(
            names = "--num-negatives",
            paramLabel = "N",
            defaultValue = "5",
            description = "Negatives of a pair, at most. Default: ${DEFAULT-VALUE}.")
    private int numNegatives;

    @Option(
            names = "--range-min",
            paramLabel = "N",
            defaultValue = "0",
            description = "The most similar texts to skip, which may match after all. Default: ${DEFAULT-VALUE}.")
    private int rangeMin;

    @Option(
            names = "--absolute-margin",
            paramLabel = "D",
            defaultValue = "0.05",
            description =
                    "How much less similar than the match a negative is; -2 takes every text. Default: ${DEFAULT-VALUE}.")
    private double absoluteMargin;

    MineCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        say("mined     " + jobs.mine(run, new MineOptions(numNegatives, rangeMin, absoluteMargin), output));
        say("pairs     " + output);
    }
}
