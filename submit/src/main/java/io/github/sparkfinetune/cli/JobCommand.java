package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.RunOptions;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.Execution;
import io.github.sparkfinetune.job.Failure;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Mixin;

/** A command that works on a run: loads the configuration, opens the jobs, uses them and closes them. */
abstract class JobCommand extends SparkCommand {
    @Mixin
    private RunOptions options;

    JobCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    public final Integer call() throws IOException {
        if (!needsRun() && !options.nameRun()) {
            execute();
            return ExitCode.DONE.code();
        }
        List<Stage> stages = load();
        if (stages.size() > 1 && !runsPipelines()) {
            throw RunException.config("a pipeline has several runs: name one with --stage, of " + RunFile.names(stages)
                    + ", or run them all with finetune run");
        }
        try (Jobs jobs = opener().open(stages.get(0).config(), local())) {
            jobs.expectTrainings(trainings());
            Execution execution = new Execution(name(), jobs, this);
            execution.run(
                    stages,
                    writesStatus(),
                    () -> execute(readsBaseModel() ? execution.withModels(stages) : stages, jobs));
        }
        return ExitCode.DONE.code();
    }

    /** Reads the configuration. On an error, the status goes to the output folder if {@code --set} names the folder. */
    private List<Stage> load() throws IOException {
        try {
            return options.load(settings());
        } catch (RunException e) {
            if (writesStatus()) {
                options.outputDir()
                        .ifPresent(dir -> Execution.writeStatus(
                                name(), () -> RunFolder.of(dir, RunFile.hadoop()), Failure.of(e), this));
            }
            throw e;
        }
    }

    /** Returns what the command's own options set in the configuration, as {@code KEY=VALUE}. */
    List<String> settings() {
        return List.of();
    }

    /** Returns whether the command works only on a run. */
    boolean needsRun() {
        return true;
    }

    /** Does the work of a command that has no run. */
    void execute() throws IOException {
        throw new IllegalStateException(name() + " needs a run");
    }

    /** Returns whether the command reads the model that the run starts from. */
    boolean readsBaseModel() {
        return true;
    }

    /**
     * Returns whether the command writes its result to the output folder, because a cluster manager does not keep the
     * exit code of a driver.
     */
    boolean writesStatus() {
        return false;
    }

    /** Returns how many trainings the command has at a time, for which its session needs executors. */
    int trainings() {
        return 0;
    }

    /** Returns whether the command works on all stages of a pipeline at once. */
    boolean runsPipelines() {
        return false;
    }

    /** Does the command's work on all stages. */
    void execute(List<Stage> stages, Jobs jobs) throws IOException {
        execute(stages.get(0).config(), jobs);
    }

    /** Does the command's work on a run. */
    abstract void execute(RunConfig run, Jobs jobs) throws IOException;
}
