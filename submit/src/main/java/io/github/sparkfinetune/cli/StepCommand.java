package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.report.MetricsFile;
import io.github.sparkfinetune.report.MetricsLog;
import io.github.sparkfinetune.report.RunFolder;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One command: loads the configuration, opens a session, runs its jobs, writes what is measured. */
@Command(mixinStandardHelpOptions = true, versionProvider = Finetune.Version.class, sortOptions = false)
final class StepCommand implements Callable<Integer> {
    enum ProgressStyle {
        bar,
        lines
    }

    @Option(
            names = "--config",
            required = true,
            paramLabel = "FILE",
            description = "The run's YAML file; a path with a scheme (s3a://...) is read by Hadoop.")
    private String config;

    @Option(
            names = "--set",
            paramLabel = "SECTION.KEY=VALUE",
            description = "Sets one key of the configuration; may be repeated.")
    private List<String> overrides = new ArrayList<>();

    @Option(names = "--debug", description = "Shows stack traces, and Spark's log at level INFO.")
    boolean debug;

    @Option(names = "--local", description = "Runs in this process on local[cluster.ranks], whatever the master.")
    private boolean local;

    @Option(
            names = "--progress",
            paramLabel = "bar|lines",
            defaultValue = "lines",
            description = "One line redrawn, or a line every few seconds.")
    private ProgressStyle progress;

    @Option(
            names = "--input",
            paramLabel = "PATH",
            description =
                    "predict: the texts, conversations or prompts, in the format and columns of the data section.")
    private String input;

    @Option(
            names = "--output",
            paramLabel = "PATH",
            description = "predict: folder of the predictions; by default predicted.parquet in the output folder."
                    + " merge: folder of the merged model; must not exist.")
    private String output;

    @Option(
            names = "--adapter",
            paramLabel = "PATH",
            description = "merge: a PEFT adapter's folder; by default the one that the run trained.")
    private String adapter;

    @Spec
    private CommandSpec spec;

    private final Step step;
    private final Jobs.Opener opener;

    StepCommand(Step step, Jobs.Opener opener) {
        this.step = step;
        this.opener = opener;
    }

    @Override
    public Integer call() throws IOException {
        RunConfig run = load();
        if ((step == Step.PREDICT) != (input != null)) {
            throw RunException.config(step.command()
                    + (input == null ? " needs --input PATH: the texts to predict" : " takes no --input"));
        }
        if (step == Step.MERGE && output == null) {
            throw RunException.config("merge needs --output PATH: the folder of the merged model");
        }
        if (step != Step.MERGE && adapter != null) {
            throw RunException.config(
                    step.command() + " takes no --adapter; method.adapter names one that is trained on");
        }
        try (Jobs jobs = opener.open(run, local)) {
            if (step == Step.PLAN) {
                plan(jobs.plan(run));
                return 0;
            }
            RunFolder folder = RunFolder.of(run, jobs.hadoop());
            if (step == Step.RUN) {
                jobs.check(run);
            }
            if (step == Step.PREPARE || step == Step.RUN) {
                say("prepare   " + jobs.prepare(run));
            }
            if (step == Step.TRAIN || step == Step.RUN) {
                train(run, jobs, folder);
            }
            if (step == Step.EVALUATE || step == Step.RUN) {
                evaluate(run, jobs, folder);
            }
            if (step == Step.PREDICT) {
                String target = output == null ? folder.shown("predicted.parquet") : output;
                jobs.predict(run, input, target);
                say("predicted " + target);
            }
            if (step == Step.MERGE) {
                say("merged    " + jobs.merge(run, adapter, output));
                say("model     " + output);
            }
        }
        return 0;
    }

    /** Shows a plan; ends as {@code train} would where that refuses the run. */
    private void plan(PlanJob.Plan plan) {
        PlanText.lines(plan).forEach(this::say);
        plan.refusal().ifPresent(refusal -> {
            throw refusal;
        });
    }

    private void train(RunConfig run, Jobs jobs, RunFolder folder) throws IOException {
        TrainingResult result;
        PrintWriter err = spec.commandLine().getErr();
        try (MetricsLog log = MetricsLog.open(folder);
                Progress shown = new Progress(err, progress == ProgressStyle.bar, System::nanoTime)) {
            result = jobs.train(run, record -> {
                log.add(record);
                shown.add(record);
            });
        }
        MetricsFile.put(folder, result);
        folder.writeReport();
        say(String.format(
                Locale.ROOT,
                "train     %,d steps, %,.1f samples/s, %,.0f tokens/s, at most %,.0f MB resident in a process",
                result.steps(),
                result.samplesPerSecond(),
                result.tokensPerSecond(),
                result.peakRssBytes() / 1e6));
        say("model     " + folder.shown("model"));
        if (step == Step.TRAIN) {
            say("report    " + folder.shown(RunFolder.REPORT));
        }
    }

    private void evaluate(RunConfig run, Jobs jobs, RunFolder folder) throws IOException {
        if (run.task().generates()) {
            spec.commandLine().getErr().println("evaluate  the trained model, then its base, on held-out text");
        }
        Scores scores = jobs.evaluate(run);
        MetricsFile.put(folder, scores);
        folder.writeReport();
        say(line("test", scores.metrics()));
        if (!scores.base().isEmpty()) {
            say(line("base", scores.base()));
            double share = scores.metrics().get("loss") / scores.base().get("loss") - 1;
            say(String.format(
                    Locale.ROOT,
                    "          the loss is %.1f%% %s the base model's",
                    Math.abs(100 * share),
                    share > 0 ? "above" : "below"));
        }
        say("report    " + folder.shown(RunFolder.REPORT));
    }

    private static String line(String name, Map<String, Double> metrics) {
        return String.format(Locale.ROOT, "%-10s", name)
                + metrics.entrySet().stream()
                        .map(metric -> String.format(Locale.ROOT, "%s %.4f", metric.getKey(), metric.getValue()))
                        .collect(Collectors.joining("  "));
    }

    private void say(String line) {
        spec.commandLine().getOut().println(line);
    }

    private RunConfig load() throws IOException {
        if (!config.matches("[A-Za-z][A-Za-z0-9+.-]+://.*")) {
            return RunConfigLoader.load(Path.of(config), overrides);
        }
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(config);
        String text;
        try (FileSystem files = FileSystem.newInstance(path.toUri(), new Configuration());
                InputStream in = files.open(path)) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw RunException.config(config + ": can not be read: " + e.getMessage());
        }
        return RunConfigLoader.parse(text, config, overrides);
    }
}
