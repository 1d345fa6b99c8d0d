package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.tune.TuneOptions;
import io.github.sparkfinetune.job.tune.TuneRun;
import io.github.sparkfinetune.report.search.Search;
import io.github.sparkfinetune.report.search.Trial;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A search trains its trials on one dataset, and its folder becomes the run of the best trial. */
@Timeout(600)
class TuneRunTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final TuneOptions HALVING =
            new TuneOptions(List.of("training.learning_rate=1e-6..2e-2", "method.r=[2, 4]"), 4, 2, 2);
    private static SparkSession spark;

    @TempDir
    Path dir;

    private final RecordedConsole console = new RecordedConsole();

    @BeforeAll
    static void start() {
        spark = Mails.session();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private RunConfig run(String output, String... more) throws IOException {
        Path mails = dir.resolve("mails.jsonl");
        if (!Files.exists(mails)) {
            List<String> rows = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                rows.add(JsonFiles.MAPPER.writeValueAsString(Map.of(
                        "text",
                        (i % 2 == 0 ? "a cat and a cat " : "the dog of a dog ") + i,
                        "label",
                        i % 2 == 0 ? "cat" : "dog")));
            }
            Files.write(mails, rows);
        }
        return RunConfigLoader.parse(
                """
                model: %s
                task: classification
                precision: fp32
                data: {train: %s, format: jsonl, eval_fraction: 0.3, test_fraction: 0.2, max_length: 16, shards: 2}
                method: {type: lora}
                training: {num_train_epochs: 3, per_device_train_batch_size: 4, learning_rate: 5.0e-3, eval_steps: 2}
                cluster: {ranks: 1}
                output: {dir: %s}
                """.formatted(MODEL.toAbsolutePath().normalize(), mails, dir.resolve(output)),
                "run.yaml",
                List.of(more));
    }

    private void search(RunConfig run, TuneOptions options, Jobs jobs) throws IOException {
        new TuneRun(run, options, jobs, console).search(console::progress);
    }

    private void search(RunConfig run, TuneOptions options) throws IOException {
        search(run, options, SparkJobs.in(spark, run));
    }

    private Search read(String output) throws IOException {
        return Search.parse(Files.readString(dir.resolve(output).resolve(Search.FILE)), Search.FILE);
    }

    private byte[] model(String output) throws IOException {
        return Files.readAllBytes(dir.resolve(output).resolve("model/adapter_model.safetensors"));
    }

    @Test
    void outputDirIsTheRunOfTheBestTrial() throws Exception {
        RunConfig run = run("search");
        search(run, HALVING);

        Search search = read("search");
        assertThat(search.trials()).hasSize(4);
        assertThat(search.in(Trial.State.DONE)).hasSize(1);
        assertThat(search.in(Trial.State.STOPPED)).hasSize(3).allSatisfy(trial -> {
            assertThat(trial.steps()).isLessThan(trial.totalSteps()).isPositive();
            assertThat(dir.resolve("search/trials").resolve(trial.name()).resolve("checkpoints"))
                    .doesNotExist();
        });
        Trial best = search.bestDone().orElseThrow();
        assertThat(search.best()).isEqualTo(best.name());
        assertThat(search.in(Trial.State.STOPPED).get(0).metric("loss")).isGreaterThanOrEqualTo(best.metric("loss"));
        assertThat(dir.resolve("search/trials").resolve(best.name()).resolve("model"))
                .doesNotExist();
        assertThat(Files.readString(dir.resolve("search/report.html")))
                .contains("<h2>Search</h2>", "class=\"coordinates\"", "trials/" + best.name() + "/report.html");
        assertThat(console.text()).contains("best      " + best.name(), "test      ");

        RunConfig alone = run(
                "alone",
                "data.dir=" + dir.resolve("search/dataset"),
                "method.r=" + best.settings().get("method.r"),
                "training.learning_rate=" + best.settings().get("training.learning_rate"));
        new Pipeline(alone, SparkJobs.in(spark, alone), console).train(console.progress());
        assertThat(model("search")).isEqualTo(model("alone"));

        AtomicInteger trainings = new AtomicInteger();
        search(run, HALVING, counting(run, trainings, Integer.MAX_VALUE));
        assertThat(trainings).hasValue(1);
        assertThat(model("search")).isEqualTo(model("alone"));
        assertThatThrownBy(() -> search(run, new TuneOptions(HALVING.tries(), 5, 2, 1)))
                .hasMessageContaining("holds another search (--trials was 4)");
        assertThatThrownBy(() -> search(run("search", "training.num_train_epochs=2"), HALVING))
                .hasMessageContaining("training.num_train_epochs was 3 and is now 2");
        assertThatThrownBy(() -> search(alone, HALVING)).hasMessageContaining("holds a run and no search");
    }

    /** Returns jobs that count trainings, and fail as a killed driver would, after a number of them. */
    private static Jobs counting(RunConfig run, AtomicInteger trainings, int most) {
        Jobs jobs = SparkJobs.in(spark, run);
        return (Jobs) Proxy.newProxyInstance(
                Jobs.class.getClassLoader(), new Class<?>[] {Jobs.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("train") && trainings.incrementAndGet() > most) {
                        throw new IllegalStateException("killed");
                    }
                    try {
                        return method.invoke(jobs, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    @Tag("full")
    void goesOnWithTheSameTrialsAfterAKillInAnyStage() throws Exception {
        TuneOptions options = new TuneOptions(HALVING.tries(), 4, 2, 1);
        search(run("whole"), options);
        // The stages have 4, 2 and 1 trainings; the last one of the search is the winner's.
        for (int trainings : new int[] {1, 5, 6, 7}) {
            String output = "killed-" + trainings;
            RunConfig run = run(output);
            assertThatThrownBy(() -> search(run, options, counting(run, new AtomicInteger(), trainings)))
                    .hasMessageContaining("killed");
            search(run, options);
            assertThat(read(output).trials()).isEqualTo(read("whole").trials());
            assertThat(model(output)).isEqualTo(model("whole"));
        }
    }

    @Test
    void aTrialThatDivergesDoesNotEndTheSearch() throws Exception {
        TuneOptions options = new TuneOptions(List.of("training.learning_rate=[1e30, 5e-3]"), 0, 0, 1);
        RunConfig run = run("diverging");
        search(run, options);

        Search search = read("diverging");
        assertThat(search.best()).isEqualTo("002");
        assertThat(search.in(Trial.State.FAILED))
                .singleElement()
                .satisfies(trial -> assertThat(trial.message()).contains("training.learning_rate"));
        assertThat(Files.readString(dir.resolve("diverging/report.html"))).contains("failed: training.learning_rate");
        TuneOptions hopeless = new TuneOptions(List.of("training.learning_rate=[1e30, 1e31]"), 0, 0, 1);
        assertThatThrownBy(() -> search(run("hopeless"), hopeless))
                .hasMessageContaining("all trials failed, the first one by: training.learning_rate");
    }

    @Test
    void refusesWhatCannotBeSearched() {
        assertThatThrownBy(() -> search(run("bad", "training.eval_steps=0"), HALVING))
                .hasMessageContaining("set training.eval_steps above 0");
        assertThatThrownBy(() -> search(run("bad", "data.eval_fraction=0.0"), HALVING))
                .hasMessageContaining("the dataset has no eval rows");
        assertThatThrownBy(() -> search(run("bad"), new TuneOptions(List.of("method.r=[0, 4]"), 0, 0, 1)))
                .hasMessageContaining("method.r");
        assertThatThrownBy(() -> new TuneOptions(List.of(), 0, 0, 1)).hasMessageContaining("--try is missing");
        assertThatThrownBy(() -> search(run("bad"), new TuneOptions(List.of("method.r=[4]"), 0, 0, 1)))
                .hasMessageContaining("nothing to search");
    }
}
