package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Jobs;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that spark-submit starts. */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        sortOptions = false,
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        footerHeading =
                "%nbin/finetune also takes --master, --deploy-mode, --conf, --jars and --packages%nof spark-submit.%n%nExample:%n")
abstract class SparkCommand implements Callable<Integer>, Console {
    /** Order after the command's own options. */
    private static final int LAST = 100;

    @Option(names = "--debug", order = LAST, description = "Show stack traces, and Spark's log at level INFO.")
    private boolean debug;

    @Option(
            names = "--local",
            order = LAST + 1,
            description = "Run in this process on local[cluster.ranks]; ignore the master.")
    private boolean local;

    @Spec
    private CommandSpec spec;

    private final Jobs.Opener opener;

    SparkCommand(Jobs.Opener opener) {
        this.opener = opener;
    }

    final Jobs.Opener opener() {
        return opener;
    }

    /** Returns the name of the command. */
    final String name() {
        return spec.name();
    }

    /** Returns whether errors are shown with their stack trace. */
    final boolean debug() {
        return debug;
    }

    /** Returns whether the command runs in this process, regardless of the master. */
    final boolean local() {
        return local;
    }

    @Override
    public final void say(String line) {
        spec.commandLine().getOut().println(line);
    }

    @Override
    public final PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
