package io.github.sparkfinetune.spark.folder;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.data.files.GrowingFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes {@code metrics.jsonl}, one JSON object for each record. A run that resumes from a checkpoint repeats the steps
 * after it, so their earlier records are dropped.
 *
 * <p>A thread of its own writes the file, so that a slow file system does not hold up Spark's events. While the file
 * cannot be written the records wait, and the training continues.
 */
public final class MetricsLog implements AutoCloseable {
    /** Time between two attempts to write a file that could not be written. */
    private static final Duration RETRY = Duration.ofSeconds(5);
    /** Longest time in which the last records are written after the training. */
    private static final Duration LAST_WRITE = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(MetricsLog.class);

    /** Keys in {@code snake_case}; nothing is written for null. */
    public static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .build();

    private final RunFolder folder;
    private final Consumer<String> warnings;
    private final Duration retry;
    /** Records of the file in their order; before the first new record all records of earlier calls. */
    private final List<TrainingRecord> records;

    private final ScheduledThreadPoolExecutor writer = new ScheduledThreadPoolExecutor(1, work -> {
        Thread thread = new Thread(work, "metrics-log");
        thread.setDaemon(true);
        return thread;
    });
    private boolean hasNew;

    // Only the writer's thread reads and writes these.
    private GrowingFile out;
    /** Number of records in the file. */
    private int written;

    private boolean warned;
    private long nextNanos = System.nanoTime();

    private MetricsLog(RunFolder folder, List<TrainingRecord> earlier, Consumer<String> warnings, Duration retry) {
        this.folder = folder;
        this.records = new ArrayList<>(earlier);
        this.warnings = warnings;
        this.retry = retry;
        writer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Opens the log of the folder, or starts a new one.
     *
     * @param warnings receives a line if the file cannot be written for a time; another thread calls it
     * @throws RunException if a line is not a record
     */
    public static MetricsLog open(RunFolder folder, Consumer<String> warnings) throws IOException {
        return open(folder, warnings, RETRY);
    }

    static MetricsLog open(RunFolder folder, Consumer<String> warnings, Duration retry) throws IOException {
        return new MetricsLog(folder, read(folder), warnings, retry);
    }

    /** Reads the records of the folder, without a truncated last line. */
    public static List<TrainingRecord> read(RunFolder folder) throws IOException {
        List<TrainingRecord> records = new ArrayList<>();
        String text = folder.read(RunFolder.METRICS_LOG).orElse("");
        int start = 0;
        for (int end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
            try {
                records.add(JSON.readValue(text.substring(start, end), TrainingRecord.class));
            } catch (JsonProcessingException e) {
                throw RunException.data(
                        folder.shown(RunFolder.METRICS_LOG) + ":" + (records.size() + 1)
                                + ": is not a record of a training run: remove the file",
                        e);
            }
        }
        return records;
    }

    /** Adds a record, which readers see soon if the file system supports it. */
    public synchronized void add(TrainingRecord record) {
        if (!hasNew) {
            hasNew = true;
            records.removeIf(earlier -> !isKept(earlier, record));
        }
        records.add(record);
        writer.execute(this::tryToWrite);
    }

    /** Returns whether a record of an earlier call stays before the first new record. */
    public static boolean isKept(TrainingRecord earlier, TrainingRecord first) {
        return earlier.step() < first.step() || (earlier.step() == first.step() && first.eval() != null);
    }

    private void tryToWrite() {
        if (System.nanoTime() - nextNanos < 0) {
            return;
        }
        try {
            write();
        } catch (IOException | RuntimeException e) {
            discard();
            nextNanos = System.nanoTime() + retry.toNanos();
            Future<?> ignored = writer.schedule(this::tryToWrite, retry.toNanos(), TimeUnit.NANOSECONDS);
            if (!warned) {
                warned = true;
                warnings.accept("warning   " + folder.shown(RunFolder.METRICS_LOG)
                        + " cannot be written now, the run continues: "
                        + RunException.oneLine(String.valueOf(e.getMessage())));
            }
        }
    }

    /** Appends the records that the file lacks. */
    private void write() throws IOException {
        List<TrainingRecord> lacking;
        synchronized (this) {
            lacking = hasNew ? List.copyOf(records.subList(written, records.size())) : List.of();
        }
        if (lacking.isEmpty()) {
            return;
        }
        if (out == null) {
            out = folder.grow(RunFolder.METRICS_LOG);
        }
        for (TrainingRecord record : lacking) {
            out.write((JSON.writeValueAsString(record) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        out.flush();
        written += lacking.size();
    }

    /** Gives a broken file up. The next attempt writes all records. */
    private void discard() {
        written = 0;
        try {
            if (out != null) {
                out.close();
            }
        } catch (IOException | RuntimeException e) {
            // A file that cannot be written can often not be closed either.
            LOG.debug("{} cannot be closed", RunFolder.METRICS_LOG, e);
        } finally {
            out = null;
        }
    }

    private void finish() throws IOException {
        long deadline = System.nanoTime() + LAST_WRITE.toNanos();
        while (true) {
            try {
                write();
                if (out != null) {
                    out.close();
                }
                return;
            } catch (IOException | RuntimeException e) {
                if (System.nanoTime() + retry.toNanos() >= deadline) {
                    throw e;
                }
                discard();
                LockSupport.parkNanos(retry.toNanos());
            }
        }
    }

    /**
     * Writes the last records.
     *
     * @throws IOException if the file cannot be written within a minute
     */
    @Override
    public void close() throws IOException {
        Future<Void> last = writer.submit(() -> {
            finish();
            return null;
        });
        writer.shutdown();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    last.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
