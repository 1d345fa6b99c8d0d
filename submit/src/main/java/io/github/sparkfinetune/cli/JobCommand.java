package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
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
abstract class JobCommand implements Callable<Integer>, Console {
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
        List<Stage> stages = load();
        if (stages.size() > 1 && !runsPipelines()) {
            throw RunException.config("a pipeline has several runs: name one with --stage, of "
                    + RunOptions.names(stages) + ", or run them all with finetune run");
        }
        try (Jobs jobs = opener.open(stages.get(0).config(), options.local())) {
            Execution execution = new Execution(spec.name(), jobs, this);
            execution.run(
                    stages,
                    writesStatus(),
                    () -> execute(readsBaseModel() ? execution.withModels(stages) : stages, jobs));
        }
        return ExitCode.DONE.code();
    }

    /** Reads the configuration; where it can't be read, but {@code --set} names the folder, that says so. */
    private List<Stage> load() throws IOException {
        try {
            return options.load();
        } catch (RunException e) {
            if (writesStatus()) {
                options.outputDir()
                        .ifPresent(dir -> Execution.writeStatus(
                                spec.name(), () -> RunFolder.of(dir, RunOptions.hadoop()), Failure.of(e), this));
            }
            throw e;
        }
    }

    /** Whether the command reads anything of the model that the run starts from. */
    boolean readsBaseModel() {
        return true;
    }

    /** Whether the output folder says how the command ended: a cluster's manager keeps no exit code of a driver's. */
    boolean writesStatus() {
        return false;
    }

    /** Whether the command works on all stages of a pipeline at once. */
    boolean runsPipelines() {
        return false;
    }

    /** Does the command's work on all stages. */
    void execute(List<Stage> stages, Jobs jobs) throws IOException {
        execute(stages.get(0).config(), jobs);
    }

    /** Does the command's work. */
    abstract void execute(RunConfig run, Jobs jobs) throws IOException;

    /** Whether errors are shown with their stack trace. */
    final boolean debug() {
        return options.debug();
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
