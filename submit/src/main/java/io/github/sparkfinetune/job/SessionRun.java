package io.github.sparkfinetune.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.report.RunFolder;
import io.github.sparkfinetune.spark.erase.Selection;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.prepare.SampleFrame;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Runs the steps of a run in an existing Spark session, such as a notebook's. The methods do the same work as the
 * commands of the same names and write the same folder. While a method runs, another thread may call {@link #shown} to
 * display the progress.
 *
 * <p>Errors that the user can fix are {@link RunException}s, or have one as their cause. Values are texts, structured
 * values JSON, so that callers in any language can use them.
 */
public final class SessionRun {
    private static final String RUN_YAML = "run.yaml";

    private final SparkSession session;
    private final Stage stage;
    private final Jobs jobs;
    private final Screen screen = new Screen();
    private final Console console = new OnScreen(new PrintWriter(screen));
    private volatile Progress progress = progress();
    private volatile RunningStep running;

    private record OnScreen(PrintWriter err) implements Console {
        @Override
        public void say(String line) {
            err.println(line);
        }
    }

    private SessionRun(SparkSession session, List<Stage> stages) {
        if (stages.size() > 1) {
            throw RunException.config("a pipeline has several runs: name one stage of " + RunFile.names(stages));
        }
        this.session = session;
        this.stage = stages.get(0);
        this.jobs = SparkJobs.in(session, stage.config());
    }

    /**
     * Reads the run of a file.
     *
     * @param path path or URI of the YAML file
     * @param overrides {@code section.key=value}; the last value of a key wins
     * @param stage stage of a pipeline, or null
     * @throws RunException if the file cannot be read or is not a configuration
     */
    public static SessionRun ofFile(SparkSession session, String path, List<String> overrides, String stage)
            throws IOException {
        return new SessionRun(
                session,
                RunFile.load(
                        path, overrides, stage, () -> session.sparkContext().hadoopConfiguration()));
    }

    /**
     * Reads the run of a text.
     *
     * @param yaml YAML or JSON
     * @param name name of the text in errors
     * @param overrides as for {@link #ofFile}
     * @param stage stage of a pipeline, or null
     * @throws RunException if the text is not a configuration
     */
    public static SessionRun ofText(
            SparkSession session, String yaml, String name, List<String> overrides, String stage) {
        return new SessionRun(session, RunFile.chosen(RunConfigLoader.parseStages(yaml, name, overrides), name, stage));
    }

    /** Reads the run of an existing output folder. */
    public static SessionRun ofFolder(SparkSession session, String folder) throws IOException {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        Path yaml = new Path(AbsolutePaths.of("output.dir", folder, hadoop), RUN_YAML);
        try {
            String text = HadoopFiles.readText(yaml.getFileSystem(hadoop), yaml);
            return ofText(
                    session,
                    text,
                    yaml.toString(),
                    List.of(RunConfigLoader.override(
                            "output.dir", yaml.getParent().toString())),
                    null);
        } catch (FileNotFoundException e) {
            throw RunException.data(folder + " has no " + RUN_YAML + ": name the output.dir of a run", e);
        }
    }

    private RunConfig config() {
        return stage.config();
    }

    /** Returns the run with every default, as JSON. */
    public String json() {
        return RunConfigLoader.toJson(config());
    }

    /**
     * Estimate of a training's resources.
     *
     * @param text at most one screen of lines
     * @param refusal reason why training would reject the run, or null
     */
    public record Planned(String text, String refusal) {}

    /** Returns the estimate of the training's resources, with warnings about slow sources. */
    public Planned plan() throws IOException {
        Planned[] planned = new Planned[1];
        run("plan", false, run -> {
            var plan = jobs.plan(run);
            StringBuilder text = new StringBuilder();
            PlanText.lines(plan).forEach(line -> text.append(line).append('\n'));
            jobs.slowSources(run)
                    .forEach(warning ->
                            text.append("warning     ").append(warning).append('\n'));
            planned[0] = new Planned(
                    text.toString(), plan.refusal().map(Throwable::getMessage).orElse(null));
        });
        return planned[0];
    }

    /** Prepares the dataset of the run from raw text. */
    public void prepare() throws IOException {
        run("prepare", true, run -> new Pipeline(run, jobs, console).prepare());
    }

    /** Trains on the prepared dataset and writes the model. */
    public void train() throws IOException {
        run("train", true, run -> {
            progress = progress();
            new Pipeline(run, jobs, console).train(progress);
        });
    }

    /** Measures the trained model on the held-out text. */
    public void evaluate() throws IOException {
        run("evaluate", true, run -> new Pipeline(run, jobs, console).evaluate());
    }

    /**
     * Erases documents, as the command does. {@code erasure.json} in the output folder tells what was done.
     *
     * @param kind name of a {@link Selection.Kind}
     * @param value hash, path of a file, or {@code COLUMN=VALUE}
     * @param nearDuplicates {@code true} to erase near-duplicates too
     * @param plan {@code true} to say only what would be trained again
     */
    public void erase(String kind, String value, String nearDuplicates, String plan) throws IOException {
        boolean onlyPlans = Boolean.parseBoolean(plan);
        Selection selection = new Selection(Selection.Kind.valueOf(kind), value, Boolean.parseBoolean(nearDuplicates));
        run(
                "erase",
                !onlyPlans,
                run -> new EraseRun(List.of(new Stage("", run)), jobs, console, () -> progress = progress())
                        .erase(selection, onlyPlans));
    }

    /** Predicts the rows of {@code input} and writes Parquet files to {@code output}. */
    public void predict(String input, String output) throws IOException {
        run("predict", false, run -> new Pipeline(run, jobs, console).predict(input, output));
    }

    /**
     * Adds a column of structures with the trained model's predictions for the rows. Spark computes the predictions
     * lazily.
     *
     * @param column name of the column
     */
    public Dataset<Row> predict(Dataset<Row> rows, String column) {
        RunConfig run = jobs.fetchModel(config(), line -> console.say("fetch     " + line));
        Map<String, Column> columns = new LinkedHashMap<>();
        for (String name : rows.columns()) {
            columns.put(name, Columns.named(name));
        }
        return FramePredictions.of(
                rows,
                AbsolutePaths.of(run, jobs.hadoop()),
                columns,
                UUID.randomUUID().toString(),
                column);
    }

    private interface Step {
        void on(RunConfig run) throws IOException;
    }

    private void run(String command, boolean writesStatus, Step step) throws IOException {
        RunningStep started = RunningStep.start(
                session.sparkContext(),
                "finetune " + command + " " + config().output().dir());
        running = started;
        try {
            Execution execution = new Execution(command, jobs, console);
            List<Stage> stages = List.of(stage);
            execution.run(
                    stages,
                    writesStatus,
                    () -> step.on(execution.withModels(stages).get(0).config()));
        } finally {
            running = null;
            started.end();
        }
    }

    /**
     * Cancels the step that another thread runs; the call of that thread fails.
     *
     * @return whether there was a step to cancel
     */
    public boolean cancel() {
        RunningStep now = running;
        if (now != null) {
            now.cancel();
        }
        return now != null;
    }

    private Progress progress() {
        return new Progress(console.err(), true, System::nanoTime);
    }

    /**
     * New output since the last call.
     *
     * @param lines complete lines since the last call
     * @param line the unfinished line
     * @param share completed share of the training's steps, or of the tasks of the active stages
     */
    private record Shown(List<String> lines, String line, double share) {}

    /**
     * Returns new output as JSON: the complete {@code lines} since the last call, the unfinished {@code line}, and the
     * completed {@code share} of the training, or of the tasks of another step.
     */
    public String shown() throws JsonProcessingException {
        RunningStep now = running;
        double share = progress.share() > 0 || now == null ? progress.share() : now.share();
        return JsonFiles.MAPPER.writeValueAsString(new Shown(screen.take(), screen.open(), share));
    }

    /** Returns the dataset's {@code manifest.json}. */
    public String manifest() throws IOException {
        Path file = new Path(dataset(), Manifest.FILE_NAME);
        try {
            return HadoopFiles.readText(file.getFileSystem(jobs.hadoop()), file);
        } catch (FileNotFoundException e) {
            throw RunException.data(file + " does not exist: prepare the run first", e);
        }
    }

    private Path dataset() {
        return new Path(AbsolutePaths.of("data.dir", config().dataset(), jobs.hadoop()));
    }

    /** Returns the counts of raw rows by outcome, as a JSON array of {@code name}, {@code count} and {@code note}. */
    public String funnel() throws IOException {
        return JsonFiles.MAPPER.writeValueAsString(DataFunnel.of(Manifest.read(dataset(), jobs.hadoop())));
    }

    /** Returns the samples of a split, with their text. */
    public Dataset<Row> samples(String split) throws IOException {
        RunConfig run = jobs.fetchModel(config(), line -> console.say("fetch     " + line));
        return SampleFrame.of(session, run, Manifest.read(dataset(), jobs.hadoop()), dataset(), split);
    }

    /**
     * Returns the text of a file of the output folder, such as {@code metrics.json}, or null if the file does not
     * exist.
     */
    public String file(String name) throws IOException {
        return RunFolder.of(config(), jobs.hadoop()).read(name).orElse(null);
    }
}
