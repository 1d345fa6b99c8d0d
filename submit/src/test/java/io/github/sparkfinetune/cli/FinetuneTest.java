package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FinetuneTest {
    @TempDir
    private Path dir;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<String> calls = new ArrayList<>();
    private RuntimeException failure;

    @Test
    void runPreparesTrainsEvaluatesAndWritesWhatIsMeasured() throws IOException {
        int code = finetune("run", "--local", "--config", recipe(), "--set", "output.dir=" + dir);

        assertThat(err.toString())
                .contains("[##########----------] 1/2  loss 0.5000  lr 1.00e-04  3,200 tokens/s  ETA ?");
        assertThat(code).isZero();
        assertThat(calls).containsExactly("open local", "check", "prepare", "train", "evaluate", "close");
        assertThat(out.toString())
                .contains("train     2 steps, 25.0 samples/s, 3,200 tokens/s, at most 800 MB resident in a process")
                .contains("model     " + dir + "/model")
                .contains("report    " + dir + "/report.html")
                .contains("test      accuracy 0.7500");
        JsonNode metrics =
                new ObjectMapper().readTree(dir.resolve("metrics.json").toFile());
        assertThat(metrics.at("/test/accuracy").asDouble()).isEqualTo(0.75);
        assertThat(metrics.at("/train/peak_rss_mb").asDouble()).isEqualTo(800);
        assertThat(metrics.at("/confusion_matrix/counts/1/1").asInt()).isEqualTo(2);
        assertThat(Files.readAllLines(dir.resolve("metrics.jsonl")))
                .hasSize(2)
                .first()
                .asString()
                .startsWith("{\"step\":1,\"total_steps\":2,")
                .contains("\"learning_rate\":1.0E-4");
        assertThat(dir.resolve("report.html")).isNotEmptyFile();
        try (var files = Files.list(dir)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("run.yaml", "metrics.jsonl", "metrics.json", "report.html");
        }
    }

    @Test
    void aLanguageModelIsComparedWithItsBase() throws IOException {
        int code =
                finetune("evaluate", "--config", "../conf/recipes/instruct-smollm2.yaml", "--set", "output.dir=" + dir);

        assertThat(code).isZero();
        assertThat(out.toString())
                .isEqualToNormalizingNewlines("test      loss 1.5000\nbase      loss 2.0000\n"
                        + "          the loss is 25.0% below the base model's\nreport    " + dir + "/report.html\n");
        JsonNode metrics =
                new ObjectMapper().readTree(dir.resolve("metrics.json").toFile());
        assertThat(metrics.at("/test/loss").asDouble()).isEqualTo(1.5);
        assertThat(metrics.at("/base/loss").asDouble()).isEqualTo(2.0);
        assertThat(metrics.has("confusion_matrix")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"prepare,prepare", "train,train", "evaluate,evaluate"})
    void aCommandRunsItsJobAlone(String command, String job) {
        assertThat(finetune(command, "--config", recipe(), "--set", "output.dir=" + dir))
                .isZero();
        assertThat(calls).containsExactly("open", job, "close");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        train                        ^ error: Missing required option: '--config=FILE'; see finetune train --help
        train --config a.yaml --foo  ^ error: Unknown option: '--foo'; see finetune train --help
        split --config a.yaml        ^ error: Unmatched arguments from index 0: 'split', '--config', 'a.yaml'; see finetune --help
        merge --config ../conf/recipes/news-minilm.yaml ^ error: merge needs --output PATH: the folder of the merged model
        train --config ../conf/recipes/news-minilm.yaml --adapter a ^ error: train takes no --adapter; method.adapter names one that is trained on
        ''                           ^ error: Missing required subcommand; see finetune --help
        run --config none.yaml       ^ error: none.yaml: no such file: name the run's YAML file with --config
        run --config ../conf/recipes/news-minilm.yaml --set training.learning_rat=1 ^ error: --set training.learning_rat: unknown key training.learning_rat; did you mean training.learning_rate?
        """)
    void badUsageIsOneLineAndExitCode2(String line, String message) {
        String[] args = line.isBlank() ? new String[0] : line.split(" +");

        assertThat(finetune(args)).isEqualTo(2);
        assertThat(err.toString()).isEqualTo(message + System.lineSeparator());
        assertThat(calls).isEmpty();
    }

    @Test
    void planIsShownAndEndsAsTrainWould() {
        assertThat(finetune("plan", "--config", recipe())).isZero();
        assertThat(calls).containsExactly("open", "plan", "close");
        assertThat(out.toString()).contains("trained     460,800 (0.34%)");

        failure = RunException.config("spark.executor.memoryOverhead is 384m: set 1536m");
        assertThat(finetune("plan", "--config", recipe())).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("error: spark.executor.memoryOverhead is 384m: set 1536m" + System.lineSeparator());
    }

    @Test
    void mergeWritesWhereItIsTold() {
        assertThat(finetune("merge", "--config", recipe(), "--set", "output.dir=" + dir, "--output", "merged"))
                .isZero();
        assertThat(finetune("merge", "--config", recipe(), "--adapter", "lora", "--output", "other"))
                .isZero();
        assertThat(calls).containsExactly("open", "merge null merged", "close", "open", "merge lora other", "close");
        assertThat(out.toString()).contains("merged    4 linears", "model     merged");
    }

    @Test
    void anErrorOfAJobIsOneLineWithItsExitCode() {
        failure = new IllegalStateException("wrapped", RunException.data("data/x.jsonl:3: no JSON\nfix it"));
        assertThat(finetune("train", "--config", recipe(), "--set", "output.dir=" + dir))
                .isEqualTo(3);
        assertThat(err.toString()).isEqualTo("error: data/x.jsonl:3: no JSON fix it" + System.lineSeparator());
        assertThat(calls).containsExactly("open", "train", "close");
    }

    @Test
    void anUnknownErrorIsExitCode4AndDebugShowsWhere() {
        failure = new IllegalStateException("odd");
        assertThat(finetune("train", "--config", recipe(), "--set", "output.dir=" + dir))
                .isEqualTo(4);
        assertThat(err.toString())
                .isEqualTo(
                        "error: java.lang.IllegalStateException: odd (--debug shows where)" + System.lineSeparator());

        err.getBuffer().setLength(0);
        finetune("train", "--debug", "--config", recipe(), "--set", "output.dir=" + dir);
        assertThat(err.toString()).contains("\tat " + FinetuneTest.class.getName());
    }

    @Test
    void aResumedRunReplacesTheRecordsThatItMakesAnew() throws IOException {
        Files.writeString(
                dir.resolve("metrics.jsonl"),
                "{\"step\":0,\"total_steps\":2,\"epoch\":0.0,\"loss\":9.0}\n"
                        + "{\"step\":1,\"total_steps\":2,\"epoch\":0.5,\"loss\":9.0}\n{\"step\":2,\"tot");

        finetune("train", "--config", recipe(), "--set", "output.dir=" + dir);

        List<String> lines = Files.readAllLines(dir.resolve("metrics.jsonl"));
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).contains("\"step\":0");
        assertThat(lines.get(1)).contains("\"step\":1", "\"loss\":0.5");
    }

    private int finetune(String... args) {
        return Finetune.execute(
                (run, local) -> {
                    calls.add(local ? "open local" : "open");
                    return new FakeJobs();
                },
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args);
    }

    private static String recipe() {
        return "../conf/recipes/news-minilm.yaml";
    }

    /** Jobs that compute nothing and answer with fixed figures. */
    private final class FakeJobs implements Jobs {
        @Override
        public PlanJob.Plan plan(RunConfig config) {
            calls.add("plan");
            return PlanTextTest.plan(failure instanceof RunException refusal ? refusal : null);
        }

        @Override
        public void check(RunConfig config) {
            calls.add("check");
        }

        @Override
        public String prepare(RunConfig config) {
            calls.add("prepare");
            return "4 samples";
        }

        @Override
        public TrainingResult train(RunConfig config, Consumer<TrainingRecord> records) {
            calls.add("train");
            if (failure != null) {
                throw failure;
            }
            try {
                Files.writeString(dir.resolve("run.yaml"), RunConfigLoader.toYaml(config));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            records.accept(new TrainingRecord(1, 2, 0.5, 0.5, 1e-4, 1.0, 25.0, 3200.0, null));
            records.accept(new TrainingRecord(2, 2, 1.0, 0.4, 0.0, 1.0, 25.0, 3200.0, null));
            return new TrainingResult(2, 32, 4096, 1.28, 25, 3200, 2, Map.of(), 800_000_000);
        }

        @Override
        public Scores evaluate(RunConfig config) {
            calls.add("evaluate");
            try {
                Files.writeString(dir.resolve("run.yaml"), RunConfigLoader.toYaml(config));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return config.task() == Task.SFT
                    ? Scores.ofText("test", Map.of("loss", 1.5), Map.of("loss", 2.0), List.of())
                    : Scores.ofLabels(
                            "test", Map.of("accuracy", 0.75), List.of("a", "b"), new long[][] {{1, 1}, {0, 2}});
        }

        @Override
        public void predict(RunConfig config, String input, String output) {
            calls.add("predict " + input + " " + dir.relativize(Path.of(output)));
        }

        @Override
        public String merge(RunConfig config, String adapter, String output) {
            calls.add("merge " + adapter + " " + output);
            return "4 linears";
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
