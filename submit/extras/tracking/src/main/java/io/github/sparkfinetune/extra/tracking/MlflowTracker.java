package io.github.sparkfinetune.extra.tracking;

import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListener;
import io.github.sparkfinetune.spark.listener.RunListener.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FSError;

/**
 * Tracker that logs a run to an MLflow tracking server, with the metric names of Hugging Face's {@code MLflowCallback}:
 * {@code loss}, {@code eval_loss}. A separate thread sends the measurements, one at a time or in batches. Measurements
 * that the server does not accept wait. If the server has not accepted them when a command ends, the next command sends
 * them from {@code metrics.jsonl}.
 */
final class MlflowTracker extends Tracker {
    private static final Http.Times TIMES = new Http.Times(3, Duration.ofSeconds(10), Duration.ofMillis(500));
    private static final Duration PAUSE = Duration.ofSeconds(2);
    private static final int AT_ONCE = 100;
    private static final int MOST_WAITING = 200_000;
    private static final long ARTIFACT_BYTES_A_SECOND = 1_000_000;

    private final CommandOnRun command;
    private final MlflowSettings settings;
    private final MlflowApi api;
    private final Duration pause;
    private final Thread thread = new Thread(this::send, "mlflow");
    /** Null until the server has answered. Only the thread uses it once the thread runs. */
    private MlflowRun run;

    private final Deque<Figures> waiting = new ArrayDeque<>();
    private boolean warned;
    private Ending ending;
    /** True once everything is sent or given up. */
    private boolean done;

    /**
     * End of the command.
     *
     * @param status how the command ended
     * @param artifacts artifacts that are not stored yet
     * @param version version to register when the artifacts are stored
     * @param deadline {@link System#nanoTime()} at which the tracker gives up
     */
    private record Ending(Status status, Deque<Artifact> artifacts, Optional<MlflowVersion> version, long deadline) {}

    /** Artifacts of a command, and the version of the model among them. */
    private record Results(List<Artifact> artifacts, Optional<MlflowVersion> version) {}

    private MlflowTracker(CommandOnRun command, MlflowSettings settings, Http.Times times, Duration pause) {
        this.command = command;
        this.settings = settings;
        this.api = new MlflowApi(settings, times);
        this.pause = pause;
        thread.setDaemon(true);
    }

    /**
     * Starts a run on the server, or continues the run that the output folder names.
     *
     * @throws RunException if there is no such server or it refuses, or with exit code 4 if it does not answer now. A
     *     server that knew the run before may be silent.
     */
    static MlflowTracker start(CommandOnRun command) {
        return start(command, TIMES, PAUSE);
    }

    /** @param pause time between two batches */
    static MlflowTracker start(CommandOnRun command, Http.Times times, Duration pause) {
        MlflowTracker tracker = new MlflowTracker(command, MlflowSettings.of(command.environment()), times, pause);
        Optional<String> kept = Optional.empty();
        try {
            kept = MlflowRun.kept(command, tracker.settings);
            tracker.open();
        } catch (RunException e) {
            if (e.exitCode() != ExitCode.FAILED) {
                throw e;
            }
            if (kept.isEmpty()) {
                boolean isAbsent =
                        e.getCause() instanceof ConnectException || e.getCause() instanceof UnknownHostException;
                throw isAbsent ? RunException.config(e.getMessage()) : e;
            }
            tracker.warn(e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long now = System.currentTimeMillis();
        command.earlier().forEach(record -> tracker.waiting.add(Figures.of(record, now)));
        tracker.thread.start();
        return tracker;
    }

    private void open() throws IOException {
        api.warning().ifPresent(command::warn);
        run = MlflowRun.open(api, settings, command);
    }

    @Override
    synchronized void add(Figures figures) {
        if (!done) {
            waiting.add(figures);
            if (waiting.size() > MOST_WAITING + command.earlier().size()) {
                giveUp("too many values wait for " + settings.endpoint());
            }
            notifyAll();
        }
    }

    @Override
    public void end(Status status, List<String> files, Duration patience) {
        Results results = status == Status.FINISHED ? results(files) : new Results(List.of(), Optional.empty());
        List<Artifact> artifacts = results.artifacts();
        long bytes = artifacts.stream().mapToLong(Artifact::length).sum();
        long nanos = patience.plusSeconds(bytes / ARTIFACT_BYTES_A_SECOND).toNanos();
        synchronized (this) {
            ending = new Ending(status, new ArrayDeque<>(artifacts), results.version(), System.nanoTime() + nanos);
            notifyAll();
            try {
                while (!done && remaining() > 0) {
                    wait(remaining());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (!done) {
                giveUp(settings.endpoint() + " did not accept all of it in time");
            }
        }
    }

    private Results results(List<String> files) {
        try {
            Optional<MlflowVersion> version = MlflowVersion.of(command);
            boolean isRegistered = version.isPresent() && MlflowRun.isRegistered(command, settings, version.get());
            boolean sendsModel = version.isPresent() ? !isRegistered : settings.sendsModel();
            List<Artifact> artifacts = new ArrayList<>(Artifact.of(command, files, sendsModel));
            artifacts.addAll(flavor(artifacts));
            return new Results(artifacts, isRegistered ? Optional.empty() : version);
        } catch (IOException | RuntimeException e) {
            warn("MLflow: the artifacts cannot be read (" + e.getMessage() + ")");
            return new Results(List.of(), Optional.empty());
        }
    }

    private List<Artifact> flavor(List<Artifact> artifacts) {
        try {
            return MlflowFlavor.of(
                    command,
                    artifacts.stream()
                            .filter(artifact -> artifact.name().startsWith("model/"))
                            .toList());
        } catch (IOException | RuntimeException e) {
            warn("MLflow: the model is logged without a flavor (" + e.getMessage() + ")");
            return List.of();
        }
    }

    /** Returns the milliseconds until the deadline, at least 1 before the deadline. */
    private synchronized long remaining() {
        long nanos = ending.deadline() - System.nanoTime();
        return nanos <= 0 ? 0 : 1 + nanos / 1_000_000;
    }

    private void send() {
        try {
            while (hasWork()) {
                boolean failed = false;
                try {
                    sendSome();
                } catch (RunException e) {
                    if (e.exitCode() != ExitCode.FAILED) {
                        throw e;
                    }
                    warn(e.getMessage());
                    failed = true;
                }
                rest(failed);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException | FSError e) {
            synchronized (this) {
                giveUp(String.valueOf(e.getMessage()));
            }
        }
    }

    /** Waits for work; returns false when there is no more work. */
    private synchronized boolean hasWork() throws InterruptedException {
        while (!done && waiting.isEmpty() && ending == null && run != null) {
            wait();
        }
        return !done;
    }

    /** Waits before the next batch, unless a batch is full or the command has ended. */
    private synchronized void rest(boolean failed) throws InterruptedException {
        long until = System.nanoTime() + pause.toNanos();
        while (!done && (failed || (ending == null && waiting.size() < AT_ONCE)) && System.nanoTime() < until) {
            wait(1 + (until - System.nanoTime()) / 1_000_000);
        }
    }

    private void sendSome() throws IOException {
        if (run == null) {
            open();
        }
        List<Figures> batch;
        Ending end;
        synchronized (this) {
            batch = waiting.stream().limit(AT_ONCE).toList();
            end = ending;
        }
        run.log(batch);
        synchronized (this) {
            for (int i = 0; i < batch.size() && !waiting.isEmpty(); i++) {
                waiting.remove();
            }
            if (end == null || !waiting.isEmpty()) {
                return;
            }
        }
        finish(end);
    }

    private void finish(Ending end) throws IOException {
        run.end(end.status());
        if (!end.artifacts().isEmpty() && !run.takesArtifacts()) {
            end.artifacts().clear();
            command.warn("MLflow gets no files of the run and no model: its server refers clients to " + run.artifacts()
                    + " instead of accepting files (mlflow server --artifacts-destination)");
        }
        while (!end.artifacts().isEmpty()) {
            run.store(end.artifacts().peek());
            end.artifacts().remove();
        }
        if (end.version().isPresent() && run.takesArtifacts()) {
            MlflowVersion version = end.version().get();
            String number = run.register(command, settings, version);
            command.say().accept("mlflow    version " + number + " of " + version.name());
        }
        synchronized (this) {
            done = true;
            notifyAll();
        }
    }

    private void giveUp(String why) {
        if (!done) {
            done = true;
            waiting.clear();
            command.warn("MLflow lacks a part of the run: " + why.replaceFirst("^MLflow: ", "")
                    + "; the next command on the run sends what is missing");
            notifyAll();
        }
    }

    private void warn(String why) {
        if (!warned) {
            warned = true;
            command.warn(why + "; the run continues");
        }
    }

    /** Follows runs that report to MLflow. */
    public static final class Opener implements RunListener.Opener {
        @Override
        public Optional<ReportTo> reportsTo() {
            return Optional.of(ReportTo.MLFLOW);
        }

        @Override
        public Optional<RunListener> open(CommandOnRun command) {
            return Optional.of(start(command));
        }
    }
}
