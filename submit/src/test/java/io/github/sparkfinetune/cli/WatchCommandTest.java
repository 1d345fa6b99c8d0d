package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class WatchCommandTest extends CommandLineOverFakeJobs {
    private static final String RECORD = "\"total_steps\":8,\"epoch\":0.5,\"loss\":0.5,\"learning_rate\":1.0E-4,"
            + "\"grad_norm\":2.0,\"samples_per_second\":25.0,\"tokens_per_second\":3200.0";

    private int watch(String... more) {
        String[] args = new String[5 + more.length];
        System.arraycopy(new String[] {"watch", "--config", recipe(), "--set", "output.dir=" + dir}, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        return finetune(args);
    }

    private void progress(String state, long step, Instant updated) throws IOException {
        String time = updated.truncatedTo(ChronoUnit.SECONDS).toString();
        Path whole =
                Files.writeString(dir.resolve(".progress.json"), """
                {"work":"train",%s,"started":"2026-01-01T00:00:00Z","updated":"%s","every_seconds":30,
                 "record":{"step":%d,%s},"recorded":"%s","seconds_left":75.0,
                 "evaluation":{"step":1,"total_steps":8,"epoch":0.1,"eval":{"accuracy":0.875}},
                 "slow_rank":{"name":"rank 1 (host-b:7077)","seconds":1.25,"others":0.5},
                 "checkpoint":{"step":2,"time":"%s"},"of_a_later_version":1}
                """.formatted(state, time, step, RECORD, time, time));
        Files.move(whole, dir.resolve("progress.json"), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    private static final String RUNNING = "\"state\":\"running\"";

    @Test
    void showsOnceWhereARunIs() throws IOException {
        progress(RUNNING, 4, Instant.now());

        assertThat(watch("--once")).isZero();
        assertThat(out.toString().lines())
                .containsExactly(
                        "running   " + dir + ": trains",
                        "warning   rank 1 (host-b:7077) computes a step in 1.25 s, the others in 0.50 s and wait:"
                                + " is its machine busy or slower?",
                        "train     [##########----------] 4/8  loss 0.5000  lr 1.00e-04  3,200 tokens/s  ETA 1:15",
                        "eval      step 1  accuracy 0.8750",
                        "saved     checkpoint of step 2");
        assertThat(calls).isEmpty();
    }

    @Test
    void aTerminalHasAPage() throws IOException {
        progress(RUNNING, 4, Instant.now());

        assertThat(watch("--once", "--progress", "bar")).isZero();
        assertThat(out.toString()
                        .replaceAll("\\u001b\\[[KJ]|\\r", "")
                        .lines()
                        .map(line -> line.replaceAll("\\d+ s ago", "N s ago")))
                .containsExactly(
                        "running   " + dir + ": trains",
                        "  steps     [##########----------] 4/8  epoch 0.50  1:15 left",
                        "  training  loss 0.5000  lr 1.00e-04  grad norm 2.000",
                        "  speed     3,200 tokens/s  25.0 samples/s",
                        "  eval      step 1  accuracy 0.8750",
                        "  ranks     2; rank 1 (host-b:7077) is slow: 1.25 s a step, the others 0.50 s",
                        "  saved     checkpoint of step 2, N s ago",
                        "  news      N s ago");
    }

    @Test
    void followsARunFromItsStartToItsEnd() throws Exception {
        CompletableFuture<Integer> watching = CompletableFuture.supplyAsync(() -> watch("--wait", "1"));
        awaitOutput(watching, "waiting   " + dir + " has no run in progress yet");
        progress(RUNNING, 4, Instant.now());
        awaitOutput(watching, "4/8");
        progress("\"state\":\"done\",\"exit_code\":0", 8, Instant.now());

        assertThat(watching.get(60, TimeUnit.SECONDS)).isZero();
        assertThat(out.toString())
                .containsSubsequence(
                        "waiting   ", "running   ", " 4/8 ", " 8/8 ", "done      " + dir + ": train ended ");
    }

    private void awaitOutput(CompletableFuture<Integer> watching, String text) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!out.toString().contains(text)) {
            assertThat(watching).as(err.toString()).isNotDone();
            assertThat(System.nanoTime()).as(out.toString()).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Test
    void exitsWithTheCodeOfAFailedRun() throws IOException {
        progress(RUNNING, 4, Instant.parse("2026-01-01T00:00:00Z"));
        Files.writeString(
                dir.resolve("status.json"),
                "{\"command\":\"run\",\"exit_code\":3,\"message\":\"data: no rows\",\"time\":\"2026-01-01T00:01:00Z\"}");

        assertThat(watch()).isEqualTo(3);
        assertThat(out.toString()).containsPattern("failed    \\S+: run ended .* with exit code 3: data: no rows");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aTerminalShowsTheWholeErrorOfAFailedRun() throws IOException {
        String error = "data: no rows in " + "a-long-name/".repeat(30);
        progress("\"state\":\"failed\",\"exit_code\":3,\"message\":\"" + error + "\"", 4, Instant.now());

        assertThat(watch("--progress", "bar")).isEqualTo(3);
        assertThat(out.toString()).contains("with exit code 3: " + error);
    }

    @Test
    void endsWithAMessageIfThereIsNoRun() {
        assertThat(watch("--once")).isEqualTo(4);
        assertThat(err.toString()).startsWith("error: " + dir + " has no run in progress yet: start it with");

        err.getBuffer().setLength(0);
        assertThat(watch("--wait", "0")).isEqualTo(4);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: " + dir + " has no run in progress: start it with finetune"
                        + " train or run, or wait longer with --wait\n");
        assertThat(watch("--wait", "-1")).isEqualTo(2);
    }

    @Test
    void saysThatADriverIsSilent() throws IOException {
        progress(RUNNING, 4, Instant.parse("2026-01-01T00:00:00Z"));

        assertThat(watch("--once")).isZero();
        assertThat(out.toString()).startsWith("silent    " + dir + ": no news since 2026-01-01T00:00:00Z");
        assertThat(watch("--wait", "0")).isEqualTo(4);
        assertThat(err.toString()).contains("error: no news in " + dir + " since 2026-01-01T00:00:00Z: start it");
    }

    @Test
    void refusesAFileThatIsNoProgress() throws IOException {
        Files.writeString(dir.resolve("progress.json"), "{\"work\":\"dance\"}");

        assertThat(watch()).isEqualTo(3);
        assertThat(err.toString()).contains("progress.json: is not the progress of a run: remove the file");
    }

    @Test
    void showsTheStageOfAPipelineThatRuns() throws IOException {
        Path chain = chain();
        assertThat(finetune("run", "--config", chain.toString())).isZero();
        out.getBuffer().setLength(0);

        assertThat(finetune("watch", "--config", chain.toString())).isZero();
        assertThat(out.toString()).contains("done      " + dir + "/chain/labels (stage labels): evaluate ended ");
        assertThat(finetune("watch", "--config", chain.toString(), "--stage", "domain"))
                .isZero();
        assertThat(out.toString()).contains("done      " + dir + "/chain/domain (stage domain): ");
    }
}
