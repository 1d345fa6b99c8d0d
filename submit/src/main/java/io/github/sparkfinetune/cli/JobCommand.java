package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.report.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.FSError;
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
    /** How an error begins of a folder that is not this run's, where nothing may be written. */
    private static final String REFUSED_FOLDER = "output.dir:";

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
            try {
                executeOnDisk(withModels(stages, jobs), jobs);
            } catch (Throwable e) {
                writeStatus(() -> folder(stages, jobs), Failure.of(e));
                throw e;
            }
            writeStatus(() -> folder(stages, jobs), new Failure(ExitCode.DONE, null, true));
        }
        return ExitCode.DONE.code();
    }

    /** Reads the configuration; where it can't be read, but {@code --set} names the folder, that says so. */
    private List<Stage> load() throws IOException {
        try {
            return options.load();
        } catch (RunException e) {
            options.outputDir()
                    .ifPresent(dir -> writeStatus(() -> RunFolder.of(dir, RunOptions.hadoop()), Failure.of(e)));
            throw e;
        }
    }

    private static RunFolder folder(List<Stage> stages, Jobs jobs) throws IOException {
        RunConfig first = stages.get(0).config();
        return stages.size() > 1 ? RunFolder.above(first, jobs.hadoop()) : RunFolder.of(first, jobs.hadoop());
    }

    private void executeOnDisk(List<Stage> stages, Jobs jobs) throws IOException {
        try {
            execute(stages, jobs);
        } catch (FSError e) {
            throw RunException.failed(
                    "a file can't be written (" + HadoopFiles.failure(e).getMessage()
                            + "): start it again, once that is mended",
                    e);
        }
    }

    /** With folders instead of names of the Hugging Face Hub. */
    private List<Stage> withModels(List<Stage> stages, Jobs jobs) {
        if (!readsBaseModel()) {
            return stages;
        }
        return stages.stream()
                .map(stage ->
                        new Stage(stage.name(), jobs.fetchModel(stage.config(), line -> say("fetch     " + line))))
                .toList();
    }

    /** Whether the command reads anything of the model that the run starts from. */
    boolean readsBaseModel() {
        return true;
    }

    /** Whether the output folder says how the command ended: a cluster's manager keeps no exit code of a driver's. */
    boolean writesStatus() {
        return false;
    }

    private interface Folder {
        RunFolder open() throws IOException;
    }

    private void writeStatus(Folder folder, Failure end) {
        if (!writesStatus() || end.message() != null && end.message().startsWith(REFUSED_FOLDER)) {
            return;
        }
        try {
            folder.open().writeStatus(spec.name(), end.exitCode(), end.message());
        } catch (IOException | RuntimeException | FSError e) {
            err().println("warning: " + RunFolder.STATUS + " can't be written: " + Failure.oneLine(e.toString()));
        }
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

    /** Says a result. */
    final void say(String line) {
        spec.commandLine().getOut().println(line);
    }

    /** Where progress goes. */
    final PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
