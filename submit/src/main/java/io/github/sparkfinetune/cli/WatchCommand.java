package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.ProgressOption;
import io.github.sparkfinetune.cli.option.RunOptions;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.job.Watch;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code watch}: follows a run of another process by its output folder, without a Spark application. */
@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        sortOptions = false,
        header = "Follow a run that another process trains.",
        description = {
            "Reads the output folder only. Exits with 0 when the run is done, and with",
            "the run's exit code when it has failed."
        },
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        footerHeading = "%nbin/finetune also takes --conf, --jars and --packages of spark-submit.%n%nExample:%n",
        footer = "  finetune watch --config run.yaml")
final class WatchCommand implements Callable<Integer> {
    @Mixin
    private RunOptions options;

    @Option(names = "--once", description = "Show the run as it is now, and exit.")
    private boolean once;

    @Option(
            names = "--wait",
            paramLabel = "MINUTES",
            defaultValue = "10",
            description =
                    "How long to wait for a run to start, or for news of a driver that went silent; by default 10.")
    private int minutes;

    @Mixin
    private ProgressOption progress;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (minutes < 0) {
            throw RunException.config("--wait is " + minutes + ": give minutes, 0 or more");
        }
        Watch watch = new Watch(
                options.load(List.of()),
                RunFile.hadoop(),
                spec.commandLine().getOut(),
                progress.redraws(),
                Watch.EVERY);
        return once ? watch.once() : watch.follow(Duration.ofMinutes(minutes));
    }
}
