package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that works on a run: loads its configuration, opens the jobs, uses them and closes them. */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        sortOptions = false,
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        footerHeading = "%nbin/finetune also takes --master MASTER and --conf KEY=VALUE of spark-submit.%n%nExample:%n")
abstract class JobCommand implements Callable<Integer> {
    @Mixin
    private RunOptions options;

    @Spec
    private CommandSpec spec;

    private final Jobs.Opener opener;

    JobCommand(Jobs.Opener opener) {
        this.opener = opener;
    }

    @Override
    public final Integer call() throws IOException {
        RunConfig run = options.load();
        try (Jobs jobs = opener.open(run, options.local())) {
            execute(run, jobs);
        }
        return ExitCode.DONE.code();
    }

    /** Does the command's work. */
    abstract void execute(RunConfig run, Jobs jobs) throws IOException;

    /** Whether errors are shown with their stack trace. */
    final boolean debug() {
        return options.debug();
    }

    /** Says a result. */
    final void say(String line) {
        spec.commandLine().getOut().println(line);
    }

    /** Where progress goes. */
    final PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
