package io.github.sparkfinetune.extra.tracking;

import static io.github.sparkfinetune.extra.tracking.TensorBoardTrackerTest.eval;
import static io.github.sparkfinetune.extra.tracking.TensorBoardTrackerTest.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.Signalled;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListener.Status;
import io.github.sparkfinetune.spark.listener.RunListeners;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs against a test server that answers as MLflow does. {@code submit/bench/run tracking} runs against MLflow. */
@Timeout(600)
class MlflowTrackerTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    private Path dir;

    private MlflowServer server;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> printed = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void serve() throws IOException {
        server = new MlflowServer();
        environment.put("MLFLOW_TRACKING_URI", server.uri());
        Files.createDirectories(dir.resolve("run"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private MlflowTracker start(List<TrainingRecord> earlier, String... settings) {
        RunConfig run = Runs.in(dir, settings);
        return MlflowTracker.start(
                new CommandOnRun(run, new Configuration(), environment, Map.of(), true, earlier, printed::add),
                new Http.Times(2, Duration.ofSeconds(1), Duration.ofMillis(1)),
                Duration.ofMillis(1));
    }

    private RunException refused() {
        return catchThrowableOfType(RunException.class, () -> start(List.of()));
    }

    private MlflowServer.Run only() {
        assertThat(server.runs).hasSize(1);
        return server.runs.values().iterator().next();
    }

    private static void add(Tracker tracker, TrainingRecord record) {
        tracker.add(Figures.of(record, 1_700_000_000_000L));
    }

    @Test
    void logsNameSettingsMetricsFilesAndEnd() throws IOException {
        environment.put("MLFLOW_EXPERIMENT_NAME", "mails & more");
        environment.put("MLFLOW_TAGS", "{\"team\": \"search\"}");
        Files.writeString(dir.resolve("run/run.yaml"), "data: {redact: {keep: [Jane Doe]}}");
        Files.writeString(dir.resolve("run/report.html"), "Jane Doe was ill");
        Files.writeString(dir.resolve("run/metrics.json"), """
                {"test": {"f1": 0.5}, "answers": [{"prompt": "Jane Doe"}], "examples": [{"text": ["Jane Doe"]}],
                "held_out": {"ward": {"metrics": {"f1": 0.25}, "answers": [{"prompt": "Jane Doe"}]}}}
                """);
        MlflowTracker tracker = start(
                List.of(),
                "training.learning_rate=3e-5",
                "data.redact.entities=[EMAIL_ADDRESS]",
                "data.redact.keep=[Jane Doe]",
                "classification.class_weight={felines: 2}");
        add(tracker, step(1, 0.5));
        add(tracker, step(2, Double.NaN));
        add(tracker, step(3, Double.POSITIVE_INFINITY));
        add(tracker, eval(3, 0.25));
        tracker.add(new Figures("test", 3, 1, Map.of("f1 of ü", 1.0), false));
        tracker.end(Status.FINISHED, List.of("run.yaml", "metrics.json", "report.html"), LONG);

        MlflowServer.Run run = only();
        assertThat(server.experiments).containsEntry("mails & more", "1");
        assertThat(run.name).isEqualTo("run");
        assertThat(run.tags).containsEntry("team", "search").containsEntry("mlflow.source.type", "JOB");
        assertThat(run.params)
                .containsEntry("training.learning_rate", "3.0E-5")
                .containsEntry("task", "classification")
                .containsEntry("training.run_name", "null");
        assertThat(run.history("loss")).containsExactly("1=0.5", "2=NaN", "3=Infinity");
        assertThat(run.history("learning_rate")).containsExactly("1=1.0E-4", "2=1.0E-4", "3=1.0E-4");
        assertThat(run.history("eval_loss")).containsExactly("3=0.25");
        assertThat(run.history("test_f1 of _")).containsExactly("3=1.0");
        assertThat(run.status).isEqualTo("FINISHED");
        String id = server.runs.keySet().iterator().next();
        assertThat(server.artifacts.keySet())
                .containsExactly("1/" + id + "/artifacts/metrics.json", "1/" + id + "/artifacts/run.yaml");
        assertThat(run.params.values()).noneMatch(value -> value.contains("Jane Doe") || value.contains("felines"));
        assertThat(server.artifacts.values())
                .allSatisfy(bytes ->
                        assertThat(new String(bytes, StandardCharsets.UTF_8)).doesNotContain("Jane Doe", "felines"));
        assertThat(new String(server.artifacts.get("1/" + id + "/artifacts/metrics.json"), StandardCharsets.UTF_8))
                .contains("0.5", "0.25");
        assertThat(printed).containsExactly("mlflow    " + server.uri() + "/#/experiments/1/runs/" + id);
        assertThat(dir.resolve("run/mlflow.json")).content().contains(id, server.uri());
    }

    @Test
    void logsTheModelAsAFile() throws IOException {
        environment.put("HF_MLFLOW_LOG_ARTIFACTS", "TRUE");
        Files.createDirectories(dir.resolve("run/model"));
        Files.write(dir.resolve("run/model/model.safetensors"), new byte[3_000_000]);
        start(List.of(), "training.run_name=mails").end(Status.FINISHED, List.of(), LONG);

        assertThat(only().name).isEqualTo("mails");
        assertThat(server.artifacts)
                .hasEntrySatisfying(
                        "0/" + "0".repeat(31) + "1/artifacts/model/model.safetensors",
                        bytes -> assertThat(bytes).hasSize(3_000_000));
    }

    @Test
    void continuesTheRunOfAResumedTrainingWithoutRepeatingSettingsOrSteps() {
        MlflowTracker killed = start(List.of());
        IntStream.rangeClosed(1, 5).forEach(step -> add(killed, step(step, step)));
        killed.end(Status.KILLED, List.of("run.yaml"), LONG);
        assertThat(only().status).isEqualTo("KILLED");

        MlflowTracker resumed = start(List.of(step(4, 4), step(5, 5)), "training.logging_steps=2");
        assertThat(only().status).isEqualTo("RUNNING");
        IntStream.rangeClosed(3, 7).forEach(step -> add(resumed, step(step, step)));
        resumed.end(Status.FINISHED, List.of(), LONG);

        assertThat(only().history("loss"))
                .containsExactly("1=1.0", "2=2.0", "3=3.0", "4=4.0", "5=5.0", "6=6.0", "7=7.0");
        assertThat(only().params).containsEntry("training.logging_steps", "1");
        assertThat(only().status).isEqualTo("FINISHED");
        assertThat(printed).noneMatch(line -> line.startsWith("warning"));
    }

    @Test
    void sendsAtMostAThousandMetricsInABatch() {
        List<TrainingRecord> earlier =
                IntStream.rangeClosed(1, 400).mapToObj(step -> step(step, step)).toList();
        start(earlier).end(Status.FINISHED, List.of(), LONG);

        assertThat(only().history("loss")).hasSize(400).last().isEqualTo("400=400.0");
        Map<String, Double> many = new HashMap<>();
        for (int i = 0; i < 2500; i++) {
            many.put("label_" + i, 1.0);
        }
        server.batches.clear();
        MlflowTracker tracker = start(earlier);
        tracker.add(new Figures("test", 400, 1, many, false));
        tracker.end(Status.FINISHED, List.of(), LONG);
        assertThat(server.batches).containsExactly(1000, 1000, 500);
    }

    @Test
    void sendsAgainWhatTheServerDidNotAccept() throws InterruptedException {
        MlflowTracker tracker = start(List.of());
        server.fault = 503;
        add(tracker, step(1, 1));
        await(printed, 2);
        add(tracker, step(2, 2));
        server.fault = 0;
        tracker.end(Status.FINISHED, List.of(), LONG);

        assertThat(only().history("loss")).containsExactly("1=1.0", "2=2.0");
        assertThat(printed.subList(1, printed.size()))
                .singleElement()
                .asString()
                .startsWith("warning   MLflow: " + server.uri() + " does not answer (java.io.IOException: status 503)")
                .endsWith("; the run continues");
    }

    private static void await(List<String> printed, int lines) throws InterruptedException {
        long end = System.nanoTime() + LONG.toNanos();
        while (printed.size() < lines && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertThat(printed).hasSizeGreaterThanOrEqualTo(lines);
    }

    @Test
    void doesNotWaitForASilentServerAndSendsTheRestWithTheNextCommand() {
        MlflowTracker tracker = start(List.of());
        server.silence = new CountDownLatch(1);
        long began = System.nanoTime();
        add(tracker, step(1, 1));
        add(tracker, step(2, 2));
        assertThat(System.nanoTime() - began).isLessThan(Duration.ofSeconds(1).toNanos());
        tracker.end(Status.FINISHED, List.of(), Duration.ofMillis(200));
        assertThat(System.nanoTime() - began).isLessThan(Duration.ofSeconds(5).toNanos());
        assertThat(printed)
                .last()
                .isEqualTo("warning   MLflow lacks a part of the run: " + server.uri()
                        + " did not accept all of it in time; the next command on the run sends what is missing");

        MlflowTracker still = start(List.of(step(1, 1), step(2, 2)));
        assertThat(printed).last().asString().contains("does not answer").endsWith("; the run continues");
        server.silence.countDown();
        server.silence = null;
        add(still, step(3, 3));
        still.end(Status.FINISHED, List.of(), LONG);

        assertThat(only().history("loss")).contains("1=1.0", "2=2.0").last().isEqualTo("3=3.0");
        assertThat(only().status).isEqualTo("FINISHED");
    }

    @Test
    void reportsARefusalDuringARunOnce() {
        MlflowTracker tracker = start(List.of());
        server.authorization = "Bearer of another";
        add(tracker, step(1, 1));
        tracker.end(Status.FINISHED, List.of(), LONG);
        assertThat(printed)
                .last()
                .asString()
                .startsWith("warning   MLflow lacks a part of the run: " + server.uri() + " refuses access (401)");
        assertThat(printed).hasSize(2);
    }

    @Test
    void endsACommandBeforeItsWorkIfTheStartFails() throws IOException {
        server.authorization = "Basic dTpw";
        assertRefused(ExitCode.CONFIG, "MLflow: " + server.uri() + " refuses access (401): set MLFLOW_TRACKING_TOKEN");
        environment.put("MLFLOW_TRACKING_TOKEN", "secret");
        assertRefused(ExitCode.CONFIG, "MLflow: " + server.uri() + " refuses access (401): the environment's token");
        environment.put("MLFLOW_TRACKING_USERNAME", "u");
        environment.put("MLFLOW_TRACKING_PASSWORD", "p");

        server.experiments.put("old", "deleted 7");
        environment.put("MLFLOW_EXPERIMENT_NAME", "old");
        assertRefused(ExitCode.CONFIG, "MLflow: the experiment old of " + server.uri() + " was deleted: restore it");
        environment.remove("MLFLOW_EXPERIMENT_NAME");

        environment.put("MLFLOW_RUN_ID", "1234");
        assertRefused(ExitCode.CONFIG, "MLFLOW_RUN_ID: " + server.uri() + " has no run 1234");
        environment.remove("MLFLOW_RUN_ID");

        server.other = true;
        assertRefused(ExitCode.CONFIG, "MLflow: the server at " + server.uri() + " is not a tracking server");
        server.other = false;
        server.fault = 503;
        assertRefused(
                ExitCode.FAILED, "MLflow: " + server.uri() + " does not answer (java.io.IOException: status 503)");
        server.close();
        assertRefused(ExitCode.CONFIG, "MLflow: " + server.uri() + " does not answer (java.net.ConnectException");
        environment.put("MLFLOW_TRACKING_URI", "databricks://u:secret@x");
        assertRefused(ExitCode.CONFIG, "MLFLOW_TRACKING_URI is not the address of a server");
        environment.put("MLFLOW_TRACKING_URI", "http://u:secret@ x");
        assertRefused(ExitCode.CONFIG, "MLFLOW_TRACKING_URI is not a URL");
        environment.remove("MLFLOW_TRACKING_URI");
        assertRefused(ExitCode.CONFIG, "training.report_to has mlflow, but the environment has no MLFLOW_TRACKING_URI");

        assertThat(dir.resolve("run")).isEmptyDirectory();
    }

    private void assertRefused(ExitCode code, String message) {
        RunException refused = refused();
        assertThat(refused).isNotNull();
        assertThat(refused.exitCode()).isEqualTo(code);
        assertThat(refused.getMessage()).startsWith(message).doesNotContain("secret", "\n");
    }

    @Test
    void sendsUserAndPasswordOfTheAddressWithoutStoringThem() {
        server.authorization = "Basic dTpw";
        environment.put("MLFLOW_TRACKING_URI", server.uri().replace("//", "//u:p@") + "/");
        start(List.of()).end(Status.FINISHED, List.of(), LONG);

        assertThat(only().status).isEqualTo("FINISHED");
        assertThat(dir.resolve("run/mlflow.json")).content().doesNotContain("u:p");
        assertThat(printed).singleElement().asString().startsWith("mlflow    " + server.uri() + "/#");
    }

    @Test
    void startsADeletedRunAgainWithAllMeasurements() {
        start(List.of()).end(Status.FINISHED, List.of(), LONG);
        only().lifecycle = "deleted";

        start(List.of(step(1, 1), step(2, 2))).end(Status.FINISHED, List.of(), LONG);

        assertThat(server.runs).hasSize(2);
        assertThat(server.runs.get("0".repeat(31) + "2").history("loss")).containsExactly("1=1.0", "2=2.0");
        assertThat(printed).anyMatch(line -> line.startsWith("warning   MLflow no longer has the run"));
    }

    @Test
    void logsTheRunWithoutFilesToAServerThatRefersClientsElsewhere() throws IOException {
        Files.writeString(dir.resolve("run/run.yaml"), "model: m");
        server.store = "s3://bucket/";
        start(List.of()).end(Status.FINISHED, List.of("run.yaml"), LONG);

        assertThat(only().status).isEqualTo("FINISHED");
        assertThat(server.artifacts).isEmpty();
        assertThat(printed).last().asString().contains("refers clients to s3://bucket/0/");
    }

    /** A process with running trackers that a signal ends. */
    static final class Killed {
        private Killed() {}

        public static void main(String[] args) throws InterruptedException {
            RunConfig run = Runs.in(Path.of(args[0]), "training.report_to=[mlflow]");
            RunListeners listeners = RunListeners.open(
                    new CommandOnRun(run, new Configuration(), System.getenv(), Map.of(), true, List.of(), line -> {}));
            listeners.add(step(1, 1));
            System.out.println("ready");
            new CountDownLatch(1).await();
        }
    }

    @Test
    void reportsARunAsKilledAfterASignal() throws Exception {
        Signalled.end(Killed.class, environment, dir.toString());

        assertThat(only().status).isEqualTo("KILLED");
        assertThat(only().history("loss")).containsExactly("1=1.0");
    }
}
