package io.github.sparkfinetune.job.tune;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Failure;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Progress;
import io.github.sparkfinetune.report.Reports;
import io.github.sparkfinetune.report.search.Search;
import io.github.sparkfinetune.report.search.Trial;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListeners;
import io.github.sparkfinetune.spark.run.AtOnce;
import io.github.sparkfinetune.spark.train.Extent;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Trials of a search in training, several at a time. Records each trial's state in the search's folder. */
final class Trials {
    private final RunFolder folder;
    private final Jobs jobs;
    private final Console console;
    private final int together;
    private final Map<String, Training> trainings = new LinkedHashMap<>();
    private Search search;

    /**
     * Training of a trial.
     *
     * @param steps optimizer steps of the whole training
     */
    private record Training(RunConfig config, long steps) {}

    /** @param together trials that train at a time */
    Trials(Search search, RunFolder folder, Jobs jobs, Console console, int together) {
        this.search = search;
        this.folder = folder;
        this.jobs = jobs;
        this.console = console;
        this.together = together;
    }

    /** Adds the run of a trial, with the steps of its whole training. */
    void add(String name, RunConfig config, long steps) {
        trainings.put(name, new Training(config, steps));
    }

    /** Returns the search with the trials' states. */
    synchronized Search search() {
        return search;
    }

    /**
     * Trains all open trials further. A trial that fails does not end the others.
     *
     * @param until returns the step after which a trial pauses, by the steps of its whole training
     * @throws RunException if all trials have failed, or the search is interrupted
     */
    void train(LongUnaryOperator until, Supplier<Progress> progress) throws IOException {
        ToLongFunction<Trial> end =
                trial -> until.applyAsLong(trainings.get(trial.name()).steps());
        List<Trial> open = search().trials().stream()
                .filter(trial -> trial.state() == Trial.State.OPEN && trial.steps() < end.applyAsLong(trial))
                .toList();
        AtOnce.each(
                open,
                together,
                trial -> train(trial, end.applyAsLong(trial), progress),
                (trial, failure) -> record(trial.failed(Failure.of(failure).message())));
        List<Trial> failed = search().in(Trial.State.FAILED);
        if (failed.size() == search().trials().size()) {
            throw RunException.failed(
                    "all trials failed, the first one by: " + failed.get(0).message(), null);
        }
    }

    private void train(Trial trial, long until, Supplier<Progress> progress) throws IOException {
        Training training = trainings.get(trial.name());
        TrainingResult result = run(training.config(), until, progress);
        boolean isDone = until == Long.MAX_VALUE || result.steps() < until;
        record(trial.after(
                isDone ? Trial.State.DONE : Trial.State.OPEN, result.steps(), training.steps(), result.eval()));
    }

    private TrainingResult run(RunConfig config, long until, Supplier<Progress> progress) throws IOException {
        // Claims the folder before anything is written into it.
        jobs.check(config);
        RunFolder own = RunFolder.of(config, jobs.hadoop());
        try (RunListeners listeners = RunListeners.open(new CommandOnRun(
                        config,
                        jobs.hadoop(),
                        System.getenv(),
                        Map.of(),
                        true,
                        MetricsLog.read(own),
                        console.err()::println));
                Progress shown = together == 1 ? progress.get() : null) {
            TrainingResult result;
            try (MetricsLog log = MetricsLog.open(own, console.err()::println)) {
                result = jobs.train(config, new Extent(until, together), record -> {
                    log.add(record);
                    listeners.add(record);
                    if (shown != null) {
                        shown.add(record);
                    }
                });
            }
            listeners.add(result);
            MetricsFile.put(own, result);
            Reports.write(own);
            listeners.finished(RunFolder.RESULTS);
            return result;
        }
    }

    private synchronized void record(Trial trial) throws IOException {
        search = search.with(trial);
        Reports.write(folder, search);
        console.say("trial     " + trial.name() + "  "
                + shown(trial, search.definition().metric()));
        if (trial.state() == Trial.State.DONE) {
            // Only the best trial's weights are needed.
            search.in(Trial.State.DONE).stream().skip(1).forEach(this::discard);
        }
    }

    /** Ends a trial before its last step. */
    synchronized void stop(Trial trial) throws IOException {
        search = search.with(trial.stopped());
        Reports.write(folder, search);
        discard(trial);
    }

    private void discard(Trial trial) {
        discard(trainings.get(trial.name()).config(), jobs.hadoop());
    }

    /** Deletes the weights of a trial; its measurements stay. */
    static void discard(RunConfig config, Configuration hadoop) {
        for (String weights :
                List.of(config.output().checkpoints(), config.output().model())) {
            Path path = new Path(weights);
            FileSystem files = HadoopFiles.fileSystem(path, hadoop);
            HadoopFiles.discard(files, path);
        }
        new Pins(new Path(config.dataset()), hadoop).release(config.output().dir());
    }

    /** Returns the settings and the result of a trial in one line. */
    static String shown(Trial trial, String metric) {
        String settings = trial.settings().entrySet().stream()
                .map(one -> one.getKey().replaceFirst(".*\\.", "") + " " + one.getValue())
                .collect(Collectors.joining("  "));
        if (trial.message() != null) {
            return settings + "  failed: " + trial.message();
        }
        double value = trial.metric(metric);
        return settings + "  " + metric + " " + (Double.isNaN(value) ? "?" : Metric.shown(metric, value)) + "  step "
                + trial.steps() + " of " + trial.totalSteps();
    }
}
