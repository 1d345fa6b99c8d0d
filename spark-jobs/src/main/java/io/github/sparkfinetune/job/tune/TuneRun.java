package io.github.sparkfinetune.job.tune;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.SearchSpace;
import io.github.sparkfinetune.core.checkpoint.CheckpointCopy;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.job.Progress;
import io.github.sparkfinetune.report.Reports;
import io.github.sparkfinetune.report.search.Search;
import io.github.sparkfinetune.report.search.Trial;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.Settings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;

/**
 * Search for the settings with which a run's model is best on its evaluation rows. The trials share the run's dataset
 * and have a folder each in {@code trials}. In the end {@code output.dir} is the folder of a run with the best
 * settings, as if it had been trained there. {@value Search#FILE} records the search, so an interrupted search goes on
 * with the same command.
 */
public final class TuneRun {
    private final RunConfig run;
    private final TuneOptions options;
    private final Jobs jobs;
    private final Console console;
    private final RunFolder folder;
    private final Metric metric;

    /** @param run the run; the searched keys replace its own */
    public TuneRun(RunConfig run, TuneOptions options, Jobs jobs, Console console) throws IOException {
        this.run = run;
        this.options = options;
        this.jobs = jobs;
        this.console = console;
        this.folder = RunFolder.of(run, jobs.hadoop());
        this.metric = TaskSpecs.of(run).metric(run.training().metricForBestModel());
    }

    /**
     * Searches to the end.
     *
     * @param progress starts the display of a training
     */
    public void search(Supplier<Progress> progress) throws IOException {
        requireSearchable();
        SearchSpace space = SearchSpace.parse(options.tries());
        List<Map<String, String>> settings = options.trials() == 0
                ? space.grid()
                : space.draw(
                        options.trials(),
                        n -> Seeds.unit(Seeds.derive(run.training().seed(), Seeds.Purpose.SEARCH, n)));
        if (settings.size() < 2) {
            throw RunException.config(
                    "--try: " + settings.size() + " setting leaves nothing to search: name more values");
        }
        Search search = open(settings);
        Map<Trial, RunConfig> configs = new LinkedHashMap<>();
        search.trials().forEach(trial -> configs.put(trial, config(trial)));
        Lease lease = Lease.ofCommand(new Path(run.output().dir()), jobs.hadoop());
        try {
            new Pipeline(run, jobs, console).prepare();
            Manifest.read(new Path(run.dataset()), jobs.hadoop()).split(Manifest.EVAL);
            Trials trials = new Trials(search, folder, jobs, console, options.together());
            configs.forEach((trial, config) -> trials.add(trial.name(), config, steps(trial, config)));
            Reports.write(folder, search);
            stages(trials, progress);
            end(trials.search(), progress);
        } finally {
            lease.release(false);
        }
    }

    private void requireSearchable() {
        if (run.training().privacy().protectsSamples()) {
            throw RunException.config("training.privacy: a search would spend epsilon once for each trial: search on"
                    + " public rows without training.privacy, then train privately with the result");
        }
        if (options.halving() > 0 && run.training().evalSteps() == 0) {
            throw RunException.config(
                    "--halving: trials are compared at their evaluations: set training.eval_steps above 0");
        }
    }

    /** Continues the search of the folder, or begins a new one. */
    private Search open(List<Map<String, String>> settings) throws IOException {
        Search.Definition asked = definition();
        Optional<Search> before = Reports.search(folder);
        if (before.isEmpty()) {
            if (folder.has(RunFolder.RUN_YAML)) {
                throw RunException.config(
                        "output.dir: " + run.output().dir() + " holds a run and no search: choose another output.dir");
            }
            List<Trial> trials = new ArrayList<>();
            for (int i = 0; i < settings.size(); i++) {
                trials.add(new Trial("%03d".formatted(i + 1), settings.get(i)));
            }
            return new Search(asked, trials, null);
        }
        List<String> differences = differences(before.get().definition(), asked);
        if (!differences.isEmpty()) {
            throw RunException.config("output.dir: " + run.output().dir() + " holds another search ("
                    + String.join(", ", differences)
                    + "): choose another output.dir, or search as before to continue");
        }
        Search again = before.get();
        for (Trial failed : again.in(Trial.State.FAILED)) {
            again = again.with(failed.after(Trial.State.OPEN, failed.steps(), failed.totalSteps(), failed.eval()));
        }
        return again;
    }

    private Search.Definition definition() {
        return new Search.Definition(
                Settings.of(run),
                options.tries(),
                options.trials(),
                options.halving(),
                metric.name(),
                metric.greaterIsBetter());
    }

    private static List<String> differences(Search.Definition before, Search.Definition asked) {
        List<String> differences =
                new ArrayList<>(Settings.differences(before.settings(), asked.settings(), Keys::mayChange));
        if (!before.tries().equals(asked.tries())) {
            differences.add("--try was " + String.join(" ", before.tries()));
        }
        if (before.trials() != asked.trials()) {
            differences.add("--trials was " + before.trials());
        }
        if (before.halving() != asked.halving()) {
            differences.add("--halving was " + before.halving());
        }
        return differences;
    }

    /** Returns the run of a trial, which trains on the search's dataset. */
    private RunConfig config(Trial trial) {
        List<String> overrides = overrides(trial);
        overrides.add(RunConfigLoader.override("output.dir", folder.shown(Reports.TRIALS + "/" + trial.name())));
        overrides.add(RunConfigLoader.override("data.dir", run.dataset()));
        overrides.add(RunConfigLoader.override("training.run_name", run.runName() + "-" + trial.name()));
        return withSettings(overrides);
    }

    private RunConfig withSettings(List<String> overrides) {
        return RunConfigLoader.with(run, "--try", overrides);
    }

    private static List<String> overrides(Trial trial) {
        List<String> overrides = new ArrayList<>();
        trial.settings().forEach((key, value) -> overrides.add(key + "=" + value));
        return overrides;
    }

    /** Returns the steps of a trial's training; refuses a trial that could not train, before any trial begins. */
    private long steps(Trial trial, RunConfig config) {
        try {
            return jobs.plan(config).run().work().orElseThrow().steps();
        } catch (RunException e) {
            throw RunException.config("--try " + trial.settings() + ": " + e.getMessage());
        }
    }

    private void stages(Trials trials, Supplier<Progress> progress) throws IOException {
        Halving halving = new Halving(
                trials.search().trials().size(),
                options.halving(),
                run.training().evalSteps());
        for (int stage = 0; stage < halving.stages(); stage++) {
            int reached = stage;
            trials.train(steps -> halving.until(reached, steps), progress);
            if (stage < halving.stages() - 1) {
                List<Trial> bestFirst = trials.search().in(Trial.State.OPEN);
                for (int i = halving.kept(stage); i < bestFirst.size(); i++) {
                    trials.stop(bestFirst.get(i));
                }
            }
        }
    }

    /** Makes the output folder the folder of the best trial's run, and measures that run. */
    private void end(Search search, Supplier<Progress> progress) throws IOException {
        Trial best = search.bestDone()
                .filter(trial -> !Double.isNaN(trial.metric(metric.name())))
                .orElseThrow(() -> RunException.failed(
                        "no trial was trained to the end"
                                + search.in(Trial.State.FAILED).stream()
                                        .findFirst()
                                        .map(failed -> "; " + failed.name() + ": " + failed.message())
                                        .orElse(""),
                        null));
        console.say("best      " + best.name() + "  " + Trials.shown(best, metric.name()));
        RunConfig winner = withSettings(overrides(best));
        RunConfig trained = config(best);
        jobs.check(winner);
        Reports.write(folder, search.ended(best.name()));
        if (CheckpointStore.open(new Path(winner.output().checkpoints()), jobs.hadoop(), "reader")
                .finalCheckpoint()
                .isEmpty()) {
            try (MetricsLog log = MetricsLog.open(folder, console.err()::println)) {
                MetricsLog.read(RunFolder.of(trained, jobs.hadoop())).forEach(log::add);
            }
            CheckpointCopy.run(
                    new Path(trained.output().checkpoints()),
                    new Path(winner.output().checkpoints()),
                    jobs.hadoop());
        }
        Pipeline pipeline = new Pipeline(winner, jobs, console);
        pipeline.all(progress.get());
        Trials.discard(trained, jobs.hadoop());
        pipeline.sayReport();
    }
}
