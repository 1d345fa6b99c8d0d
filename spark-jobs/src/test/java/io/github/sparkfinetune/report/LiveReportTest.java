package io.github.sparkfinetune.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.RunProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class LiveReportTest {
    private static final Duration EVERY = Duration.ofMillis(20);
    private static final SlowRank SLOW = new SlowRank(1, "rank 1 (host-b:7077)", 1.25, 0.5);

    @TempDir
    private Path parent;

    private final Queue<String> warnings = new ConcurrentLinkedQueue<>();
    private Path dir;
    private RunFolder folder;
    private RunConfig run;

    @BeforeEach
    void open() throws IOException {
        dir = parent.resolve("mails");
        run = RunConfigLoader.load(Path.of("../conf/recipes/news-minilm.yaml"), List.of("output.dir=" + dir));
        folder = RunFolder.of(run, new Configuration());
    }

    private void claim() {
        folder.write(RunFolder.RUN_YAML, RunConfigLoader.toYaml(run));
    }

    private LiveReport start(RunProgress.Work work) {
        return LiveReport.start(folder, work, EVERY, warnings::add);
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private boolean reportHas(String text) throws IOException {
        Path file = dir.resolve("report.html");
        return Files.exists(file) && Files.readString(file).contains(text);
    }

    private RunProgress progress() throws IOException {
        return RunProgress.read(folder).orElseThrow();
    }

    private static TrainingRecord record(long step, SlowRank slow) {
        return new TrainingRecord(step, 8, step / 4.0, 1.0 / step, 1e-4, 1.0, 25.0, 3200.0, null, null, slow);
    }

    @Test
    void followsARunToItsEnd() throws Exception {
        claim();
        LiveReport live = start(RunProgress.Work.PREPARE);
        await("the first report", () -> reportHas("<b>Preparing data</b>"));
        live.began(RunProgress.Work.TRAIN);
        await("the start of the training", () -> reportHas("<b>Starting to train</b>"));
        live.resumed(List.of(record(1, null), record(2, null)));
        live.add(record(2, SLOW));
        live.add(TrainingRecord.evaluation(2, 8, 0.5, Map.of("accuracy", 0.875)));
        Files.createDirectories(dir.resolve("checkpoints/step-00000002-a-0"));
        await("the steps", () -> reportHas("step 2 of 8 · epoch 0.50"));

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .contains("data-state=\"running\"", "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>")
                .contains("<title>25 % · mails</title>", "<h1>mails</h1>", "<progress max=\"8\" value=\"2\"")
                .contains("<b>3,200</b><span>tokens / s</span>", "<b>0.8750</b><span>eval accuracy</span>")
                .contains("rank 1 (host-b:7077) computes a step in 1.25 s, the others in 0.50 s and wait")
                .contains("\"step\":[1,2],\"loss\":[1.0,0.5]")
                .doesNotContain("newest checkpoint", "{{");
        RunProgress progress = progress();
        assertThat(progress.isRunning()).isTrue();
        assertThat(progress.work()).isEqualTo(RunProgress.Work.TRAIN);
        assertThat(progress.newest().record()).isEqualTo(record(2, SLOW));
        assertThat(progress.newest().evaluation().eval()).containsEntry("accuracy", 0.875);
        assertThat(progress.newest().slowRank()).isEqualTo(SLOW);
        assertThat(progress.share()).isEqualTo(0.25);

        live.add(record(8, null));
        live.done();
        html = Files.readString(dir.resolve("report.html"));
        assertThat(html).contains("<title>mails</title>").doesNotContain("http-equiv=\"refresh\"", "id=\"live\"", "{{");
        assertThat(progress().outcome()).isEqualTo(RunProgress.Outcome.DONE);
        assertThat(progress().newest().record().step()).isEqualTo(8);
        assertThat(warnings).isEmpty();
    }

    @Test
    void showsAFailureAndStopsToReload() throws Exception {
        claim();
        LiveReport live = start(RunProgress.Work.TRAIN);
        live.add(record(3, null));
        // As after a cancelled Spark job.
        Thread.currentThread().interrupt();
        live.failed(ExitCode.FAILED, "training failed: <b>rank 1</b> was lost");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("<title>failed · mails</title>", "data-state=\"failed\"")
                .contains("training failed: &lt;b&gt;rank 1&lt;/b&gt; was lost", "<progress max=\"8\" value=\"3\"")
                .doesNotContain("http-equiv=\"refresh\"", "<b>rank 1");
        assertThat(progress().outcome())
                .isEqualTo(new RunProgress.Outcome(
                        RunProgress.State.FAILED, 4, "training failed: <b>rank 1</b> was lost"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void writesNothingIntoAFolderThatIsNotARuns() throws IOException {
        Files.createDirectories(dir);
        LiveReport live = start(RunProgress.Work.TRAIN);
        live.failed(ExitCode.CONFIG, "model: there is none");

        assertThat(dir).isEmptyDirectory();
        assertThat(warnings).isEmpty();
    }

    @Test
    void leavesTheReportToTheDriverThatHoldsTheFolder() throws Exception {
        claim();
        String now = Instant.now().toString();
        RunProgress other = new RunProgress(
                RunProgress.Work.TRAIN,
                RunProgress.Outcome.RUNNING,
                new RunProgress.Times(now, now, 30),
                RunProgress.Newest.NONE,
                null);
        other.write(folder);

        LiveReport refused = start(RunProgress.Work.TRAIN);
        refused.failed(ExitCode.FAILED, "is being written by run 1");
        assertThat(progress()).isEqualTo(other);
        assertThat(dir.resolve("report.html")).doesNotExist();

        LiveReport successor = start(RunProgress.Work.TRAIN);
        successor.add(record(1, null));
        await("the report of the run with records", () -> reportHas("step 1 of 8"));
        successor.done();
        assertThat(warnings).isEmpty();
    }

    @Test
    void aFailedWriteIsReportedOnceAndTriedAgain() throws Exception {
        claim();
        LiveReport live = start(RunProgress.Work.TRAIN);
        live.add(record(1, null));
        await("the first step", () -> reportHas("step 1 of 8"));
        Path away = parent.resolve("away");
        Files.move(dir, away);
        Files.writeString(dir, "a file, where a folder was");
        live.add(record(2, null));
        await("a warning", () -> !warnings.isEmpty());
        live.add(record(3, null));
        TimeUnit.MILLISECONDS.sleep(5 * EVERY.toMillis());
        Files.delete(dir);
        Files.move(away, dir);
        await("the newest step", () -> reportHas("step 3 of 8"));
        live.done();

        assertThat(warnings)
                .singleElement()
                .asString()
                .startsWith("warning   " + dir + "/report.html does not follow the run now, the run continues: ")
                .doesNotContain("\n");
        try (var files = Files.list(dir)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("run.yaml", "report.html", "progress.json");
        }
    }
}
