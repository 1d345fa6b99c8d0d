package io.github.sparkfinetune.report;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.Pace;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.RunProgress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Rewrites {@code report.html} and {@code progress.json} while a command works on a run, so that browsers and
 * {@code finetune watch} can follow it.
 *
 * <p>A thread of its own writes, so that a slow file system delays neither the training nor Spark's listeners. It
 * writes at most every {@link #EVERY}, on object stores every {@link #EVERY_ON_STORES}, and never more than a twentieth
 * of the time. Without news it writes every {@link #HEARTBEAT}: a reader then knows that the driver is alive. A file
 * that cannot be written is reported once and tried again; it does not end the run.
 *
 * <p>Nothing is written into a folder that is not a run's yet. While another driver writes its progress there, nothing
 * is written before this command's first record, which proves that this command holds the folder.
 */
public final class LiveReport {
    static final Duration EVERY = Duration.ofSeconds(5);
    static final Duration EVERY_ON_STORES = Duration.ofSeconds(30);
    static final Duration HEARTBEAT = Duration.ofSeconds(30);

    /** A write is followed by a pause of so many times its duration. */
    private static final int PAUSES = 19;

    private static final Duration LAST_WRITE = Duration.ofSeconds(60);

    private final RunFolder folder;
    private final Consumer<String> warnings;
    private final Duration every;
    private final String started = now();
    private final Pace pace = new Pace();
    private final List<TrainingRecord> records = new ArrayList<>();
    private final ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "live-report");
        thread.setDaemon(true);
        return thread;
    });

    private Future<?> writes;
    private RunProgress.Work work;
    private RunProgress.Newest newest = RunProgress.Newest.NONE;
    private RunProgress.Outcome outcome = RunProgress.Outcome.RUNNING;
    private boolean isNew = true;

    // Only the writer's thread reads and writes these.
    private boolean mine;
    private boolean warned;
    private Long checkpointAtStep;
    private volatile RunProgress.Saved checkpoint;
    private long writtenNanos;
    private long nextNanos = System.nanoTime();

    private LiveReport(RunFolder folder, RunProgress.Work work, Duration every, Consumer<String> warnings) {
        this.folder = folder;
        this.work = work;
        this.every = every;
        this.warnings = warnings;
        this.writtenNanos = nextNanos - HEARTBEAT.toNanos();
    }

    /**
     * Starts to write the reports of a run's folder.
     *
     * @param warnings receives a line if the files cannot be written; any thread calls it
     */
    public static LiveReport start(RunFolder folder, RunProgress.Work work, Consumer<String> warnings) {
        return start(folder, work, folder.isObjectStore() ? EVERY_ON_STORES : EVERY, warnings);
    }

    static LiveReport start(RunFolder folder, RunProgress.Work work, Duration every, Consumer<String> warnings) {
        LiveReport live = new LiveReport(folder, work, every, warnings);
        long poll = Math.min(1000, every.toMillis());
        live.writes = live.writer.scheduleWithFixedDelay(live::writeIfDue, 0, poll, TimeUnit.MILLISECONDS);
        return live;
    }

    /** Shows that another step of the run has begun. */
    public synchronized void began(RunProgress.Work next) {
        work = next;
        isNew = true;
    }

    /**
     * Shows the records of earlier calls until the first new record comes.
     *
     * @param earlier records of {@code metrics.jsonl}
     */
    public synchronized void resumed(List<TrainingRecord> earlier) {
        records.addAll(0, earlier);
    }

    /** Shows a record. */
    public synchronized void add(TrainingRecord record) {
        if (newest.record() == null && newest.evaluation() == null) {
            records.removeIf(kept -> !MetricsLog.isKept(kept, record));
        }
        records.add(record);
        pace.add(record.step(), record.totalSteps(), System.nanoTime());
        boolean isStep = record.eval() == null;
        newest = new RunProgress.Newest(
                isStep ? record : newest.record(),
                now(),
                isStep ? newest.evaluation() : record,
                record.slowRank() == null ? newest.slowRank() : record.slowRank(),
                pace.secondsLeft().isPresent() ? pace.secondsLeft().getAsDouble() : null);
        isNew = true;
    }

    /** Returns the report as it is now. */
    public String html() throws IOException {
        return html(progress(checkpoint));
    }

    /** Writes the report of a finished command, which no browser reloads. */
    public void done() throws IOException {
        last(RunProgress.Outcome.DONE, () -> {
            Reports.write(folder);
            progress(checkpoint()).write(folder);
            return null;
        });
    }

    /** Writes the report of a failed command; a failure to do so is a warning. */
    public void failed(ExitCode code, String message) {
        try {
            last(RunProgress.Outcome.failed(code, message), () -> {
                if (isMine()) {
                    write();
                }
                return null;
            });
        } catch (IOException | RuntimeException e) {
            warnings.accept("warning   " + RunFolder.REPORT + " does not show the failure: " + oneLine(e));
        }
    }

    /**
     * Does the last write on the writer's thread, behind a write in progress and whether or not this thread is
     * interrupted.
     */
    private void last(RunProgress.Outcome end, Callable<Void> write) throws IOException {
        synchronized (this) {
            outcome = end;
        }
        writes.cancel(false);
        Future<Void> done = writer.submit(write);
        writer.shutdown();
        long deadline = System.nanoTime() + LAST_WRITE.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    done.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (TimeoutException e) {
            writer.shutdownNow();
            throw new IOException(
                    folder.shown(RunFolder.REPORT) + " was not written in " + LAST_WRITE.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw cause instanceof IOException io ? io : new IOException(cause);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void writeIfDue() {
        long now = System.nanoTime();
        if (now - nextNanos < 0 || !(isNew() || now - writtenNanos >= HEARTBEAT.toNanos())) {
            return;
        }
        try {
            if (isMine()) {
                setNew(false);
                write();
                writtenNanos = now;
            }
        } catch (IOException | RuntimeException e) {
            setNew(true);
            if (!warned) {
                warned = true;
                warnings.accept("warning   " + folder.shown(RunFolder.REPORT)
                        + " does not follow the run now, the run continues: " + oneLine(e));
            }
        }
        long end = System.nanoTime();
        nextNanos = end + Math.max(every.toNanos(), PAUSES * (end - now));
    }

    private static String oneLine(Exception e) {
        String message = e instanceof UncheckedIOException && e.getCause() != null
                ? e.getMessage() + " (" + e.getCause().getMessage() + ")"
                : String.valueOf(e.getMessage());
        return RunException.oneLine(message);
    }

    /** Returns whether this command may write into the folder. */
    private boolean isMine() throws IOException {
        if (!mine && folder.has(RunFolder.RUN_YAML)) {
            Optional<RunProgress> other = hasRecords() ? Optional.empty() : RunProgress.read(folder);
            mine = other.filter(RunProgress::isRunning)
                    .filter(running -> running.updated().plus(running.silence()).isAfter(Instant.now()))
                    .isEmpty();
        }
        return mine;
    }

    private void write() throws IOException {
        RunProgress progress = progress(checkpoint());
        progress.write(folder);
        folder.write(RunFolder.REPORT, html(progress));
    }

    private String html(RunProgress progress) throws IOException {
        List<TrainingRecord> shown;
        synchronized (this) {
            shown = List.copyOf(records);
        }
        return Report.of(folder, shown, progress);
    }

    private synchronized RunProgress progress(RunProgress.Saved saved) {
        long seconds = Math.max(every.toSeconds(), HEARTBEAT.toSeconds());
        return new RunProgress(work, outcome, new RunProgress.Times(started, now(), seconds), newest, saved);
    }

    /** Returns the newest committed checkpoint; looks for it only after new steps. */
    private RunProgress.Saved checkpoint() throws IOException {
        long step = newestStep();
        if (checkpointAtStep == null || checkpointAtStep != step) {
            checkpoint = folder.newestCheckpoint();
            checkpointAtStep = step;
        }
        return checkpoint;
    }

    private synchronized long newestStep() {
        return newest.record() == null ? 0 : newest.record().step();
    }

    private synchronized boolean hasRecords() {
        return newest.recorded() != null;
    }

    private synchronized boolean isNew() {
        return isNew;
    }

    private synchronized void setNew(boolean is) {
        isNew = is;
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
