package io.github.sparkfinetune.job.session;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.AllowedRoots;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.PlanText;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.job.SparkJobs;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.group.GroupsFile;
import io.github.sparkfinetune.spark.init.InitJob;
import io.github.sparkfinetune.spark.init.InitRequest;
import io.github.sparkfinetune.spark.init.Proposal;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.prepare.SampleFrame;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.FileNotFoundException;
import java.io.IOException;
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
    private final StepRunner steps;

    private SessionRun(SparkSession session, List<Stage> stages) {
        this(session, stages, Screen.Output.kept());
    }

    private SessionRun(SparkSession session, List<Stage> stages, Screen.Output output) {
        if (stages.size() > 1) {
            throw RunException.config("a pipeline has several runs: name one stage of " + RunFile.names(stages));
        }
        this.session = session;
        this.stage = stages.get(0);
        this.jobs = SparkJobs.in(session, stage.config());
        this.steps = new StepRunner(session.sparkContext(), stage, jobs, output);
    }

    /** Creates the run of a configuration. */
    public static SessionRun of(SparkSession session, RunConfig run) {
        return new SessionRun(session, List.of(Stage.only(run)));
    }

    /**
     * Creates the run of a configuration whose steps show their progress on standard error: a line that is redrawn
     * where Spark draws its own ({@code spark.ui.showConsoleProgress}), such as in a shell, else a line every few
     * seconds.
     */
    public static SessionRun onConsole(SparkSession session, RunConfig run) {
        boolean redraw = session.sparkContext().getConf().getBoolean("spark.ui.showConsoleProgress", false);
        return new SessionRun(session, List.of(Stage.only(run)), Screen.Output.onConsole(redraw));
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
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        boolean isUri = path.matches("[A-Za-z][A-Za-z0-9+.-]+:.*");
        AllowedRoots.require(
                "path",
                new Path(
                        isUri
                                ? path
                                : java.nio.file.Path.of(path)
                                        .toAbsolutePath()
                                        .toUri()
                                        .toString()),
                hadoop);
        return new SessionRun(session, RunFile.load(path, overrides, stage, () -> hadoop));
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

    /**
     * Looks at data and a model, and proposes the run that fits them, as {@code finetune init} does.
     *
     * @param model folder of the base model, or {@code hub:ORG/NAME}
     * @param data raw text to train on
     * @param task name of the task, or null for the likeliest one
     * @param settings {@code section.key=value}, regardless of the data
     * @return a JSON object: {@code yaml}, the configuration with comments, and {@code found}, lines of what was found
     * @throws RunException if no task fits, or data or model cannot be read
     */
    public static String proposed(SparkSession session, String model, String data, String task, List<String> settings)
            throws JsonProcessingException {
        InitRequest request = new InitRequest(model, data, task, null, null, settings);
        RunConfig draft = InitJob.draft(request, session.sparkContext().defaultParallelism());
        Jobs jobs = SparkJobs.in(session, draft);
        RunConfig fetched = jobs.fetchModel(draft, line -> {});
        Proposal proposal = jobs.propose(
                request, fetched.model(), tasks -> tasks.keySet().iterator().next());
        return JsonFiles.MAPPER.writeValueAsString(Map.of("yaml", proposal.yaml(), "found", proposal.found()));
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
        steps.run("plan", false, in -> {
            var plan = jobs.plan(in.run());
            StringBuilder text = new StringBuilder();
            PlanText.lines(plan).forEach(line -> text.append(line).append('\n'));
            jobs.slowSources(in.run())
                    .forEach(warning ->
                            text.append("warning     ").append(warning).append('\n'));
            planned[0] = new Planned(
                    text.toString(), plan.refusal().map(Throwable::getMessage).orElse(null));
        });
        return planned[0];
    }

    /**
     * Refuses a name that {@link #step} does not know.
     *
     * @throws RunException with the name
     */
    public static void requireStep(String name) {
        SessionStep.require(name);
    }

    /**
     * Does the same work as the command of the same name, and writes the same folder.
     *
     * @param name {@code prepare}, {@code train}, {@code evaluate}, {@code predict}, {@code explain}, {@code erase} or
     *     {@code tune}; {@code run_per} and {@code predict_per} for {@code run} and {@code predict} with {@code --per};
     *     {@code register} for a function of SQL in the session; {@code fit} and {@code fit_per} for all steps that are
     *     not done, without {@code evaluate} if the run has no rows to evaluate on
     * @param arguments options of the command, as a JSON object
     * @throws RunException if the step failed, or there is none of this name
     */
    public void step(String name, String arguments) throws IOException {
        step(name, Arguments.parse(arguments));
    }

    /** Does the same as {@link #step(String, String)}, with the arguments by name. */
    public void step(String name, Map<String, ?> arguments) throws IOException {
        step(name, new Arguments(JsonFiles.MAPPER.valueToTree(arguments)));
    }

    private void step(String name, Arguments arguments) throws IOException {
        SessionStep step = SessionStep.of(name, arguments);
        steps.run(name.replaceFirst("_.*", ""), step.writesStatus(), step.work());
    }

    /**
     * Adds a column of structures with the trained model's predictions for the rows. Spark computes the predictions
     * lazily.
     *
     * @param column name of the column
     */
    public Dataset<Row> predict(Dataset<Row> rows, String column) {
        return FramePredictions.of(
                rows, predicting(), columns(rows), UUID.randomUUID().toString(), column);
    }

    /**
     * Adds the predictions of the models of {@code run_per}, as {@link #predict} does.
     *
     * @param group column of the rows' groups
     */
    public Dataset<Row> predictPer(Dataset<Row> rows, String group, String column) throws IOException {
        GroupsFile known = groupsFile();
        known.requireColumn(group);
        Map<String, Column> columns = columns(rows);
        if (!columns.containsKey(group)) {
            throw RunException.config(
                    "the DataFrame has no column " + group + ", it has " + String.join(", ", columns.keySet()));
        }
        return FramePredictions.perGroup(
                rows,
                predicting(),
                columns,
                new FramePredictions.Groups(group, columns.get(group), known.folders(output())),
                UUID.randomUUID().toString(),
                column);
    }

    private GroupsFile groupsFile() throws IOException {
        return GroupsFile.require(output(), jobs.hadoop());
    }

    private Path output() {
        return new Path(AbsolutePaths.of("output.dir", config().output().dir(), jobs.hadoop()));
    }

    private RunConfig predicting() {
        return AbsolutePaths.of(steps.withModel(), jobs.hadoop());
    }

    private static Map<String, Column> columns(Dataset<Row> rows) {
        Map<String, Column> columns = new LinkedHashMap<>();
        for (String name : rows.columns()) {
            columns.put(name, Columns.named(name));
        }
        return columns;
    }

    /**
     * Cancels the step that another thread runs; the call of that thread fails.
     *
     * @return whether there was a step to cancel
     */
    public boolean cancel() {
        return steps.cancel();
    }

    /**
     * Returns new output as JSON: the complete {@code lines} since the last call, the unfinished {@code line}, and the
     * completed {@code share} of the training, or of the tasks of another step.
     */
    public String shown() throws JsonProcessingException {
        return JsonFiles.MAPPER.writeValueAsString(steps.shown());
    }

    /** Returns the content of the dataset's newest manifest. */
    public String manifest() throws IOException {
        return Manifest.read(dataset(), jobs.hadoop()).toJson();
    }

    private Path dataset() {
        return new Path(AbsolutePaths.of("data.dir", config().dataset(), jobs.hadoop()));
    }

    /** Returns the counts of raw rows by outcome, as a JSON array of {@code name}, {@code count} and {@code note}. */
    public String funnel() throws IOException {
        return JsonFiles.MAPPER.writeValueAsString(DataFunnel.of(Manifest.read(dataset(), jobs.hadoop())));
    }

    /** Returns the folders of the runs of {@code run_per}, as a JSON object by the value of the column. */
    public String groups() throws IOException {
        return JsonFiles.MAPPER.writeValueAsString(groupsFile().folders(output()));
    }

    /** Returns the samples of a split, with their text. */
    public Dataset<Row> samples(String split) throws IOException {
        RunConfig run = steps.withModel();
        return SampleFrame.of(session, run, Manifest.read(dataset(), jobs.hadoop()), dataset(), split);
    }

    /**
     * Returns the text of a file of the output folder, such as {@code metrics.json}, or null if the file does not
     * exist.
     *
     * @throws RunException if the name leads out of the allowed folders
     */
    public String file(String name) throws IOException {
        AllowedRoots.require("file", new Path(output(), name), jobs.hadoop());
        return RunFolder.of(config(), jobs.hadoop()).read(name).orElse(null);
    }
}
