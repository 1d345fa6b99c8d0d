package io.github.sparkfinetune.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.data.hf.JsonFiles;
import io.github.sparkfinetune.report.RunFolder;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.prepare.SampleFrame;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A run in a Spark session that is there already, such as a notebook's: it does what the commands of the same names do,
 * and leaves the same folder. Whoever shows it asks {@link #shown} meanwhile, from another thread.
 *
 * <p>What it fails with is a {@link RunException}, or has one as its cause, wherever its reader can act on it. Values
 * are texts, JSON where they have parts, so that callers of any language take them.
 */
public final class SessionRun {
    private static final String RUN_YAML = "run.yaml";

    private final SparkSession session;
    private final Stage stage;
    private final Jobs jobs;
    private final Screen screen = new Screen();
    private final Console console = new OnScreen(new PrintWriter(screen));
    private volatile Progress progress = progress();
    private volatile Job job;

    private record OnScreen(PrintWriter err) implements Console {
        @Override
        public void say(String line) {
            err.println(line);
        }
    }

    /** What is done now. */
    private record Job(Thread thread, String group) {}

    private SessionRun(SparkSession session, List<Stage> stages) {
        if (stages.size() > 1) {
            throw RunException.config("a pipeline has several runs: name one stage of " + RunFile.names(stages));
        }
        this.session = session;
        this.stage = stages.get(0);
        this.jobs = SparkJobs.in(session, stage.config());
    }

    /**
     * The run of a file.
     *
     * @param path of its YAML; may be a URI
     * @param overrides {@code section.key=value}, later ones win
     * @param stage of a pipeline, or null
     * @throws RunException if it can not be read, or is no configuration
     */
    public static SessionRun ofFile(SparkSession session, String path, List<String> overrides, String stage)
            throws IOException {
        return new SessionRun(
                session,
                RunFile.load(
                        path, overrides, stage, () -> session.sparkContext().hadoopConfiguration()));
    }

    /**
     * The run of a text.
     *
     * @param yaml or JSON
     * @param name how errors call it
     * @param overrides as in {@link #ofFile}
     * @param stage of a pipeline, or null
     * @throws RunException if it is no configuration
     */
    public static SessionRun ofText(
            SparkSession session, String yaml, String name, List<String> overrides, String stage) {
        return new SessionRun(session, RunFile.chosen(RunConfigLoader.parseStages(yaml, name, overrides), name, stage));
    }

    /** The folder of a run that was there before. */
    public static SessionRun ofFolder(SparkSession session, String folder) throws IOException {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        Path yaml = new Path(RunPaths.absolute("output.dir", folder, hadoop), RUN_YAML);
        try {
            String text = HadoopFiles.readText(yaml.getFileSystem(hadoop), yaml);
            return ofText(
                    session,
                    text,
                    yaml.toString(),
                    List.of("output.dir="
                            + JsonFiles.MAPPER.writeValueAsString(
                                    yaml.getParent().toString())),
                    null);
        } catch (FileNotFoundException e) {
            throw RunException.data(folder + " has no " + RUN_YAML + ": name the output.dir of a run", e);
        }
    }

    /**
     * Makes rows a view, which a run reads as {@code table:NAME}. Equal rows, in whatever order, have the same name, in
     * every session: so the same run finds its dataset prepared, and other rows make it another run.
     */
    public static String view(Dataset<Row> rows) {
        Row sums = rows.selectExpr("count(1)", "hex(cast(coalesce(sum(xxhash64(*) % 4294967296), 0) as bigint))")
                .head();
        String name = "rows_" + sums.getLong(0) + "_" + sums.getString(1).toLowerCase(Locale.ROOT);
        rows.createOrReplaceTempView(name);
        return "table:" + name;
    }

    private RunConfig config() {
        return stage.config();
    }

    /** The run with every default in it, as YAML. */
    public String yaml() {
        return RunConfigLoader.toYaml(config());
    }

    /** The run with every default in it, as JSON. */
    public String json() {
        return RunConfigLoader.toJson(config());
    }

    /**
     * What training takes.
     *
     * @param text one screen of lines
     * @param refusal what training would refuse the run for, or null
     */
    public record Planned(String text, String refusal) {}

    /** What training will take, and what is slow about its sources. */
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

    /** Raw text to the dataset of the run. */
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

    /** Predicts the rows of {@code input} into Parquet files in {@code output}. */
    public void predict(String input, String output) throws IOException {
        run("predict", false, run -> jobs.predict(run, input, output));
    }

    /**
     * Adds a column with what the trained model predicts of rows, a structure; computed when it is asked for.
     *
     * @param column its name
     */
    public Dataset<Row> predict(Dataset<Row> rows, String column) {
        RunConfig run = jobs.fetchModel(config(), line -> console.say("fetch     " + line));
        Map<String, Column> columns = new LinkedHashMap<>();
        for (String name : rows.columns()) {
            columns.put(name, Columns.named(name));
        }
        return FramePredictions.of(
                rows,
                RunPaths.absolute(run, jobs.hadoop()),
                columns,
                UUID.randomUUID().toString(),
                column);
    }

    private interface Step {
        void on(RunConfig run) throws IOException;
    }

    private void run(String command, boolean writesStatus, Step step) throws IOException {
        Job started = new Job(Thread.currentThread(), "finetune-" + UUID.randomUUID());
        job = started;
        session.sparkContext()
                .setJobGroup(
                        started.group(),
                        "finetune " + command + " " + config().output().dir(),
                        true);
        try {
            Execution execution = new Execution(command, jobs, console);
            List<Stage> stages = List.of(stage);
            execution.run(
                    stages,
                    writesStatus,
                    () -> step.on(execution.withModels(stages).get(0).config()));
        } finally {
            job = null;
            session.sparkContext().clearJobGroup();
        }
    }

    /** Ends what another thread does now: its call fails. */
    public void cancel() {
        Job now = job;
        if (now != null) {
            session.sparkContext().cancelJobGroup(now.group());
            now.thread().interrupt();
        }
    }

    private Progress progress() {
        return new Progress(console.err(), true, System::nanoTime);
    }

    /**
     * What a terminal would show.
     *
     * @param lines since the last call
     * @param line that is being written
     * @param share of the training's steps that is done
     */
    private record Shown(List<String> lines, String line, double share) {}

    /**
     * What is to be shown now, as JSON: the {@code lines} since the last call, a {@code line} that will change, and the
     * {@code share} of the training that is done.
     */
    public String shown() throws JsonProcessingException {
        return JsonFiles.MAPPER.writeValueAsString(new Shown(screen.take(), screen.open(), progress.share()));
    }

    /** The dataset's {@code manifest.json}. */
    public String manifest() throws IOException {
        Path file = new Path(dataset(), Manifest.FILE_NAME);
        try {
            return HadoopFiles.readText(file.getFileSystem(jobs.hadoop()), file);
        } catch (FileNotFoundException e) {
            throw RunException.data(file + " does not exist: prepare the run first", e);
        }
    }

    private Path dataset() {
        return new Path(RunPaths.absolute("data.dir", config().dataset(), jobs.hadoop()));
    }

    /** What became of the raw rows, as a JSON array of {@code name}, {@code count} and {@code note}. */
    public String funnel() throws IOException {
        return JsonFiles.MAPPER.writeValueAsString(DataFunnel.of(Manifest.read(dataset(), jobs.hadoop())));
    }

    /** The samples of a split, with their text. */
    public Dataset<Row> samples(String split) throws IOException {
        RunConfig run = jobs.fetchModel(config(), line -> console.say("fetch     " + line));
        return SampleFrame.of(session, run, Manifest.read(dataset(), jobs.hadoop()), dataset(), split);
    }

    /** Text of a file of the output folder, such as {@code metrics.json}; null where there is none. */
    public String file(String name) throws IOException {
        return RunFolder.of(config(), jobs.hadoop()).read(name).orElse(null);
    }
}
