package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.ProgressOption;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.tune.TuneOptions;
import io.github.sparkfinetune.job.tune.TuneRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tune}: searches the settings with which the model is best on the evaluation rows. */
@Command(
        name = "tune",
        header = "Search the best settings. (experimental)",
        description = {
            "Prepares once and trains with each setting; output.dir gets the run that is",
            "best on the evaluation rows.",
            "The same command continues an interrupted search."
        },
        footer = "  finetune tune --config run.yaml --try method.r=[4,8] --halving 2")
final class TuneCommand extends JobCommand {
    @Mixin
    private ProgressOption progress;

    @Option(
            names = "--try",
            paramLabel = "KEY=VALUES",
            description = "Values of a key: [A,B] or FROM..TO; may be repeated.")
    private List<String> tries = new ArrayList<>();

    @Option(names = "--trials", paramLabel = "N", description = "Draw N settings instead of all combinations.")
    private int trials;

    @Option(names = "--halving", paramLabel = "N", description = "Of N trials, the best trains N times the steps.")
    private int halving;

    @Option(names = "--together", paramLabel = "N", defaultValue = "1", description = "Trials that train at a time.")
    private int together;

    TuneCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    int trainings() {
        return Math.max(1, together);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        TuneOptions options = new TuneOptions(tries, trials, halving, together);
        new TuneRun(run, options, jobs, this).search(() -> progress.start(err()));
    }
}
