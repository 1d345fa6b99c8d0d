package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.plan.RunWarnings;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.report.LiveReport;
import io.github.sparkfinetune.report.Reports;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.RunProgress;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListeners;
import io.github.sparkfinetune.spark.listener.Step;
import io.github.sparkfinetune.spark.predict.Agreement;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.train.Extent;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Steps from raw text to a measured model. Each step runs its job, writes its measurements and prints them. */
public final class Pipeline {
    private final RunConfig run;
    private final Jobs jobs;
    private final Console console;
    private final RunFolder folder;
    private final Extent extent;
    /** Display of a training in progress, or null. */
    private volatile Progress progress;
    /** Reports of the work in progress, or null. */
    private LiveReport live;

    private interface Steps {
        void run() throws IOException;
    }

    /** @param console receives the results of the steps */
    public Pipeline(RunConfig run, Jobs jobs, Console console) throws IOException {
        this(run, jobs, console, Extent.REST);
    }

    /** @param extent part of the training that a training step does */
    public Pipeline(RunConfig run, Jobs jobs, Console console, Extent extent) throws IOException {
        this.run = run;
        this.extent = extent;
        this.jobs = jobs;
        this.console = console;
        this.folder = RunFolder.of(run, jobs.hadoop());
    }

    /**
     * Runs all steps of a checked run.
     *
     * @throws RunException before the training if the run has no rows to evaluate on
     */
    public void all(Progress shown) throws IOException {
        requireRowsToEvaluate(run);
        steps(shown);
    }

    /**
     * Refuses a run without rows to evaluate on.
     *
     * @throws RunException that names the keys to set
     */
    public static void requireRowsToEvaluate(RunConfig run) {
        if (!run.data().holdsOut()) {
            throw RunException.config("data.eval_fraction and data.test_fraction are 0 and there is neither data.eval"
                    + " nor data.test, so run has no rows to evaluate on: set data.test_fraction, or start finetune"
                    + " prepare and finetune train");
        }
    }

    /**
     * Runs all steps of a run that is not done. Without rows to evaluate on, the training is the last step.
     *
     * @param shown receives the records of the training; closed at the end
     */
    public void fit(Progress shown) throws IOException {
        jobs.check(run);
        if (isDone()) {
            console.say("fit       is done already");
        } else {
            steps(shown);
        }
        sayReport();
    }

    private void steps(Progress shown) throws IOException {
        try (RunListeners listeners = listeners(true)) {
            follow(RunProgress.Work.PREPARE, () -> {
                prepare(listeners);
                if (run.data().holdsOut()) {
                    jobs.requireHeldOut(run);
                }
                live.began(RunProgress.Work.TRAIN);
                train(shown, listeners);
                if (run.data().holdsOut()) {
                    live.began(RunProgress.Work.EVALUATE);
                    evaluate(listeners);
                }
            });
            listeners.finished(RunFolder.RESULTS);
        }
    }

    /** Runs steps on the run's folder while browsers and {@code finetune watch} can follow them. */
    private void follow(RunProgress.Work first, Steps steps) throws IOException {
        LiveReport reports = LiveReport.start(folder, first, this::note);
        live = reports;
        Jobs.Page page = () -> {};
        try {
            page = jobs.show(reports::html);
            steps.run();
        } catch (Throwable e) {
            Failure failure = Failure.of(e);
            reports.failed(failure.exitCode(), failure.message());
            throw e;
        } finally {
            live = null;
            page.close();
        }
        reports.done();
    }

    /**
     * Trains a run again from its newest checkpoint and measures it. The dataset is used as it is.
     *
     * @param shown receives the records of the training; closed at the end
     */
    public void again(Progress shown) throws IOException {
        jobs.check(run);
        try (RunListeners listeners = listeners(true)) {
            follow(RunProgress.Work.TRAIN, () -> {
                train(shown, listeners);
                live.began(RunProgress.Work.EVALUATE);
                evaluate(listeners);
            });
            listeners.finished(RunFolder.RESULTS);
        }
    }

    /** @param measures whether the output folder belongs to the run, and the command measures it */
    private RunListeners listeners(boolean measures) throws IOException {
        List<TrainingRecord> earlier =
                measures && !run.training().reportTo().isEmpty() ? MetricsLog.read(folder) : List.of();
        return RunListeners.open(new CommandOnRun(
                run, jobs.hadoop(), System.getenv(), jobs.sparkSettings(), measures, earlier, this::note));
    }

    private void note(String line) {
        Progress shown = progress;
        if (shown != null) {
            shown.say(line);
        } else {
            console.err().println(line);
        }
    }

    /** Returns whether the run's model has been trained and, if the run has rows to evaluate on, measured. */
    public boolean isDone() throws IOException {
        return run.data().holdsOut() ? MetricsFile.isMeasured(folder) : MetricsFile.isTrained(folder);
    }

    /**
     * Merges an adapter into its base model.
     *
     * @param adapter folder of the adapter, or null for the adapter that the run trained
     * @param output folder of the merged model; must not exist
     */
    public void merge(String adapter, String output) {
        console.say("merged    " + jobs.merge(run, adapter, output));
        console.say("model     " + output);
    }

    /** Merges the trained adapter if a later stage starts from the result, unless this is already done. */
    public void mergeForLater(List<Stage> later) throws IOException {
        String merged = RunConfigLoader.merged(run);
        boolean isRead = later.stream().anyMatch(stage -> stage.config().model().equals(merged));
        // The config is written last: without the config an object store may hold only a part of the model.
        if (isRead && !folder.has(RunConfigLoader.MERGED + "/" + HfConfig.FILE)) {
            console.say("merged    " + jobs.merge(run, null, merged));
        }
    }

    /** Writes the report of a pipeline and says where it is. */
    public void report(List<Stage> stages) throws IOException {
        RunFolder above = RunFolder.above(run, jobs.hadoop());
        Reports.write(above, stages, jobs.hadoop());
        console.say("report    " + above.shown(RunFolder.REPORT));
    }

    public void prepare() throws IOException {
        try (RunListeners listeners = listeners(false)) {
            prepare(listeners);
            listeners.finished(List.of());
        }
    }

    private void prepare(RunListeners listeners) throws IOException {
        Jobs.Prepared prepared = listeners.step(Step.PREPARE, result -> Map.of(), () -> jobs.prepare(run));
        console.say("prepare   " + prepared.summary());
        prepared.warnings().forEach(warning -> console.say("warning   " + warning));
    }

    /**
     * Trains and writes the measurements.
     *
     * @param shown receives the records of the training; closed at the end
     */
    public void train(Progress shown) throws IOException {
        // Checks first, because neither a tracker nor a report may write into another run's folder.
        jobs.check(run);
        try (RunListeners listeners = listeners(true)) {
            follow(RunProgress.Work.TRAIN, () -> train(shown, listeners));
            listeners.finished(RunFolder.RESULTS);
        }
    }

    private void train(Progress shown, RunListeners listeners) throws IOException {
        RunWarnings.of(run).forEach(warning -> console.say("warning   " + warning));
        jobs.newWeights(run).forEach(line -> console.say("warning   " + line));
        if (References.areRead(run)) {
            console.say("train     first the model is asked about all samples as it is, unless this run has done so");
        }
        if (run.teacher().teaches()) {
            console.say("train     first the teacher is asked about all training samples, unless a run has done so");
        }
        LiveReport reports = live;
        reports.resumed(MetricsLog.read(folder));
        TrainingResult result;
        try (MetricsLog log = MetricsLog.open(folder, this::note);
                shown) {
            progress = shown;
            result = listeners.step(
                    Step.TRAIN,
                    Pipeline::metrics,
                    () -> jobs.train(run, extent, record -> {
                        log.add(record);
                        shown.add(record);
                        reports.add(record);
                        listeners.add(record);
                    }));
        } finally {
            progress = null;
        }
        listeners.add(result);
        MetricsFile.put(folder, result);
        console.say(String.format(
                Locale.ROOT,
                "train     %,d steps, %,.1f samples/s, %,.0f tokens/s, at most %,.0f MB resident in a process",
                result.steps(),
                result.samplesPerSecond(),
                result.tokensPerSecond(),
                result.peakRssBytes() / 1e6));
        console.say("model     " + folder.shown("model"));
    }

    public void evaluate() throws IOException {
        // Nothing is written into a folder that is not a run's.
        try (RunListeners listeners = listeners(folder.has(RunFolder.RUN_YAML))) {
            evaluate(listeners);
            listeners.finished(RunFolder.RESULTS);
        }
    }

    private void evaluate(RunListeners listeners) throws IOException {
        if (TaskSpecs.of(run).measuresBase()) {
            console.err().println("evaluate  the trained model, then its base, on held-out text");
        }
        List<Scores> scores = listeners.step(Step.EVALUATE, Scores::bySet, () -> jobs.evaluate(run));
        MetricsFile.put(folder, scores);
        if (live == null) {
            Reports.write(folder);
        }
        long step = MetricsFile.steps(folder);
        track("test", step, scores.get(0), listeners);
        scores.subList(1, scores.size()).forEach(set -> track(set.split(), step, set, listeners));
        say("test", scores.get(0));
        scores.subList(1, scores.size()).forEach(set -> say(set.split(), set));
        jobs.agreement(run).ifPresent(this::say);
    }

    /**
     * Measures the trained model on the rows of {@code input}. The run and its report do not change.
     *
     * @param output folder whose {@code metrics.json} is replaced
     */
    public void evaluate(String input, String output) throws IOException {
        RunFolder measured = RunFolder.of(output, jobs.hadoop());
        Scores scores = jobs.evaluate(run, input, output);
        MetricsFile.put(measured, List.of(scores));
        say("test", scores);
        console.say("metrics   " + measured.shown(RunFolder.METRICS));
    }

    /** Predicts the rows of {@code input} and writes Parquet files to {@code output}. */
    public void predict(String input, String output) throws IOException {
        try (RunListeners listeners = listeners(false)) {
            listeners
                    .step(Step.predict(input, output), result -> Map.of(), () -> jobs.predict(run, input, output))
                    .ifPresent(this::say);
            listeners.finished(List.of());
        }
    }

    private static Map<String, Map<String, Double>> metrics(TrainingResult result) {
        Map<String, Double> train = new LinkedHashMap<>();
        train.put("steps", (double) result.steps());
        if (result.privacy() == null) {
            train.put("samples", (double) result.samples());
            train.put("tokens", (double) result.tokens());
        }
        train.put("seconds", result.seconds());
        return result.eval().isEmpty() ? Map.of("train", train) : Map.of("train", train, "eval", result.eval());
    }

    private void say(Agreement agreement) {
        String precision = run.predict().precision().name().toLowerCase(Locale.ROOT);
        console.say("%-10s%s".formatted(precision, agreement));
    }

    private static void track(String name, long step, Scores scores, RunListeners listeners) {
        listeners.add(name, step, scores.metrics());
        if (!scores.base().isEmpty()) {
            listeners.add(Scores.base(name), step, scores.base());
        }
    }

    private void say(String name, Scores scores) {
        console.say(line(name, scores.metrics()));
        if (!scores.base().isEmpty()) {
            console.say(line("base", scores.base()));
            double share = scores.metrics().get("loss") / scores.base().get("loss") - 1;
            console.say(String.format(
                    Locale.ROOT,
                    "          the loss is %.1f%% %s the base model's",
                    Math.abs(100 * share),
                    share > 0 ? "above" : "below"));
        }
    }

    /** Prints where the report is; called after the last step. */
    public void sayReport() {
        console.say("report    " + folder.shown(RunFolder.REPORT));
    }

    private static String line(String name, Map<String, Double> metrics) {
        return String.format(Locale.ROOT, "%-10s", name)
                + metrics.entrySet().stream()
                        .map(metric -> metric.getKey() + " " + Metric.shown(metric.getKey(), metric.getValue()))
                        .collect(Collectors.joining("  "));
    }
}
