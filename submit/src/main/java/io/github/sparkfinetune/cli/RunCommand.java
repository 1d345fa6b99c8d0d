package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.ProgressOption;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.job.group.GroupRun;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code run}: runs all steps from raw text to a measured model. */
@Command(
        name = "run",
        header = "Prepare, train and evaluate.",
        description = {
            "Checks first what training would reject, then prepares the data.",
            "Runs all stages of a pipeline, except finished stages."
        },
        footer = "  finetune run --config run.yaml --set output.dir=runs/first")
final class RunCommand extends JobCommand {
    @Mixin
    private ProgressOption progress;

    @Option(
            names = "--per",
            paramLabel = "COLUMN",
            description = "Run once for each value of a column, on the rows with the value.")
    private String column;

    @Option(names = "--together", paramLabel = "N", defaultValue = "1", description = "With --per, values at a time.")
    private int together;

    RunCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean runsPipelines() {
        return true;
    }

    @Override
    void execute(List<Stage> stages, Jobs jobs) throws IOException {
        if (stages.size() == 1) {
            execute(stages.get(0).config(), jobs);
            return;
        }
        if (column != null) {
            throw RunException.config("--per: a pipeline has several runs: name one with --stage");
        }
        for (int i = 0; i < stages.size(); i++) {
            RunConfig run = stages.get(i).config();
            say("stage     " + stages.get(i).name());
            jobs.check(run);
            Pipeline pipeline = new Pipeline(run, jobs, this);
            if (pipeline.isDone()) {
                say("          is done already");
            } else {
                pipeline.all(progress.start(err()));
            }
            pipeline.mergeForLater(stages.subList(i + 1, stages.size()));
        }
        new Pipeline(stages.get(0).config(), jobs, this).report(stages);
    }

    @Override
    int trainings() {
        return column == null ? 1 : Math.max(1, together);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        if (column != null) {
            new GroupRun(run, column, together, jobs, this).run();
            return;
        }
        Pipeline pipeline = new Pipeline(run, jobs, this);
        jobs.check(run);
        pipeline.all(progress.start(err()));
        pipeline.sayReport();
    }
}
