package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Plans;
import io.github.sparkfinetune.job.Progress;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.doctor.Finding;
import io.github.sparkfinetune.spark.group.GroupJob;
import io.github.sparkfinetune.spark.init.InitJob;
import io.github.sparkfinetune.spark.init.InitRequest;
import io.github.sparkfinetune.spark.init.Proposal;
import io.github.sparkfinetune.spark.predict.Agreement;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.MeasureJob;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;

/** Runs the command line with jobs that compute nothing. */
abstract class CommandLineOverFakeJobs {
    @TempDir
    Path dir;

    final StringWriter out = new StringWriter();
    final StringWriter err = new StringWriter();
    /** Calls of the session and the jobs, in order. */
    final List<String> calls = new ArrayList<>();
    /** Answers of the user at the terminal. */
    final Queue<String> answers = new ArrayDeque<>();
    /** Findings of the doctor. */
    List<Finding> findings = List.of();
    /** Settings of Spark. */
    Map<String, String> sparkSettings = Map.of();
    /** Number of trainings at a time that the command has announced. */
    int trainings;
    /** Results of registered commands, by name. */
    final Map<String, Object> results = new HashMap<>();
    /** Line that a registered command shows while it works, or null. */
    String progressLine;
    /** Error of planning, training or a registered command, or null. */
    RuntimeException failure;

    final int finetune(String... args) {
        return Finetune.execute(
                (run, local) -> {
                    calls.add(local ? "open local" : "open");
                    return new FakeJobs();
                },
                question -> Optional.ofNullable(answers.poll()),
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args);
    }

    static String recipe() {
        return "../conf/recipes/news-minilm.yaml";
    }

    /** Writes a pipeline of the stages {@code domain}, an adapter that is merged, and {@code labels}. */
    final Path chain() throws IOException {
        return Files.writeString(dir.resolve("chain.yaml"), """
                model: base
                output: {dir: %s}
                pipeline:
                  domain:
                    task: sft
                    data: {train: texts.jsonl}
                    method: {type: lora}
                  labels:
                    task: classification
                    data: {train: rows.jsonl}
                """.formatted(dir.resolve("chain")));
    }

    /** Jobs that record their calls, compute nothing and return fixed figures. */
    private final class FakeJobs implements Jobs {
        @Override
        public void expectTrainings(int together) {
            trainings = together;
        }

        @Override
        public RunConfig fetchModel(RunConfig config, Consumer<String> progress) {
            if (config.model().startsWith("hub:")) {
                progress.accept("model.safetensors: 3 bytes");
                return Keys.mapPaths(config, (key, path) -> key.equals("model") ? "/cache/" + path.substring(4) : path);
            }
            return config;
        }

        @Override
        public Proposal propose(InitRequest request, String model, Function<Map<String, String>, String> chooser) {
            Map<String, String> fitting = new LinkedHashMap<>();
            fitting.put("causal-lm", "documents in text");
            fitting.put("masked-lm", "documents in text");
            calls.add("propose " + request.data() + " " + model + " " + chooser.apply(fitting));
            String yaml = "model: " + model + "\n";
            RunConfig config = InitJob.draft(request, 1);
            return new Proposal(yaml, config, Plans.of(null), List.of("data        4 rows"));
        }

        @Override
        public List<Finding> examine(RunConfig config, boolean isGiven) {
            calls.add("examine " + config.cluster().ranks() + (isGiven ? " given" : ""));
            return findings;
        }

        @Override
        public PlanJob.Plan plan(RunConfig config) {
            calls.add("plan");
            return Plans.of(failure instanceof RunException refusal ? refusal : null);
        }

        @Override
        public MeasureJob.Speed measure(RunConfig config, RunPlan.Work work) {
            calls.add("measure");
            return new MeasureJob.Speed(9, 10.25, 10.25 * work.steps());
        }

        @Override
        public List<String> newWeights(RunConfig config) {
            return List.of("classifier.weight: newly initialized");
        }

        @Override
        public List<String> slowSources(RunConfig config) {
            return List.of("data.train: mails.csv.gz is read by one core");
        }

        @Override
        public void check(RunConfig config) {
            calls.add("check");
        }

        @Override
        public Prepared prepare(RunConfig config) {
            calls.add("prepare");
            return new Prepared("4 samples", List.of("one label is rare"));
        }

        @Override
        public void requireHeldOut(RunConfig config) {}

        @Override
        public TrainingResult train(RunConfig config, Extent extent, Consumer<TrainingRecord> records) {
            calls.add("train");
            if (failure != null) {
                throw failure;
            }
            try {
                Path folder = Files.createDirectories(Path.of(config.output().dir()));
                Files.writeString(folder.resolve("run.yaml"), RunConfigLoader.toYaml(config));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            records.accept(new TrainingRecord(1, 2, 0.5, 0.5, 1e-4, 1.0, 25.0, 3200.0, null, null, null));
            records.accept(new TrainingRecord(2, 2, 1.0, 0.4, 0.0, 1.0, 25.0, 3200.0, null, null, null));
            return new TrainingResult(2, 32, 4096, 1.28, 25, 3200, 2, Map.of(), 800_000_000, List.of(), null);
        }

        @Override
        public Scores evaluate(RunConfig config, String input, String output) {
            calls.add("evaluate " + input + " into " + output);
            return Scores.ofLabels("test", Map.of("accuracy", 0.5), List.of("a", "b"), new long[][] {{1, 1}, {1, 1}});
        }

        @Override
        public List<Scores> evaluate(RunConfig config) {
            calls.add("evaluate");
            try {
                Path folder = Files.createDirectories(Path.of(config.output().dir()));
                Files.writeString(folder.resolve("run.yaml"), RunConfigLoader.toYaml(config));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return List.of(
                    config.task() == Task.SFT
                            ? Scores.ofText("test", Map.of("loss", 1.5), Map.of("loss", 2.0), List.of())
                            : Scores.ofLabels(
                                    "test", Map.of("accuracy", 0.75), List.of("a", "b"), new long[][] {{1, 1}, {0, 2}
                                    }));
        }

        @Override
        public Optional<Agreement> agreement(RunConfig config) {
            return agreed(config);
        }

        private Optional<Agreement> agreed(RunConfig config) {
            return config.predict().precision().isQuantized()
                    ? Optional.of(new Agreement(256, 255, 0.0125))
                    : Optional.empty();
        }

        @Override
        public Optional<Agreement> predict(RunConfig config, String input, String output) {
            calls.add("predict " + input + " " + dir.relativize(Path.of(output)));
            return agreed(config);
        }

        @Override
        public String predictionDigest(RunConfig config) {
            return config.output().dir();
        }

        @Override
        @SuppressWarnings("unchecked")
        public <A extends Record, R> R run(
                Command<A, R> command, List<Stage> stages, A arguments, Supplier<Progress> progress, Console console) {
            calls.add(command.name() + " " + arguments);
            if (failure != null) {
                throw failure;
            }
            if (progressLine != null) {
                console.say(progressLine);
            }
            return (R) results.get(command.name());
        }

        @Override
        public GroupJob.Grouped groups(RunConfig config, Map<String, String> sources, String column, String folder) {
            calls.add("groups " + column);
            return new GroupJob.Grouped(Map.of(), List.of());
        }

        @Override
        public void register(RunConfig config, String name) {
            calls.add("register " + name);
        }

        @Override
        public String merge(RunConfig config, String adapter, String output) {
            calls.add("merge " + adapter + " " + output);
            return "4 linears";
        }

        @Override
        public Page show(Callable<String> html) {
            return () -> {};
        }

        @Override
        public Map<String, String> sparkSettings() {
            return sparkSettings;
        }

        @Override
        public Configuration hadoop() {
            return new Configuration();
        }

        @Override
        public void close() {
            calls.add("close");
        }
    }
}
