package io.github.sparkfinetune.extra.lineage;

import io.github.sparkfinetune.extra.lineage.StepDatasets.Datasets;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FSError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends the events of a command one after another on its own thread. Prints one line if events are not sent. */
final class Sender {
    /** Longest time that the steps of a command wait for all their events together. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(Sender.class);

    private final List<Transport> transports;
    private final Consumer<String> say;
    private final ExecutorService thread;
    private final AtomicBoolean warnedOfService = new AtomicBoolean();
    private final AtomicBoolean warnedOfFacts = new AtomicBoolean();
    private long nanosLeft = PATIENCE.toNanos();

    /** @param say prints a line, on any thread */
    Sender(List<Transport> transports, Consumer<String> say) {
        this.transports = transports;
        this.say = say;
        ThreadPoolExecutor one =
                new ThreadPoolExecutor(1, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread made = new Thread(work, "lineage");
                    made.setDaemon(true);
                    return made;
                });
        one.allowCoreThreadTimeOut(true);
        this.thread = one;
    }

    /** Supplier of the datasets of a step. */
    interface Facts {
        Datasets get() throws IOException;
    }

    /** Returns the datasets of a step; none if they cannot be described. */
    Datasets facts(Facts facts) {
        try {
            return facts.get();
        } catch (IOException | RuntimeException | FSError e) {
            warn(warnedOfFacts, "the datasets of a lineage event are unknown", e);
            return Datasets.NONE;
        }
    }

    /** Sends an event, without waiting. */
    void send(String event) {
        thread.execute(() -> sendNow(event));
    }

    private void sendNow(String event) {
        for (Transport transport : transports) {
            try {
                transport.send(event);
            } catch (IOException | RuntimeException e) {
                warn(warnedOfService, "a lineage event was not sent", e);
            }
        }
    }

    /** Sends an event and waits until this and all earlier events are sent, as long as patience lasts. */
    synchronized void sendAndWait(String event) {
        Future<?> sent = thread.submit(() -> sendNow(event));
        long began = System.nanoTime();
        try {
            sent.get(Math.max(0, nanosLeft), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            warn(warnedOfService, "lineage events are not sent yet after " + PATIENCE.toSeconds() + " s", null);
        } catch (ExecutionException e) {
            warn(warnedOfService, "a lineage event was not sent", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        nanosLeft -= System.nanoTime() - began;
    }

    private void warn(AtomicBoolean warned, String what, Throwable cause) {
        LOG.debug("{}", what, cause);
        if (warned.compareAndSet(false, true)) {
            String why = cause == null
                    ? ""
                    : " ("
                            + String.valueOf(cause.getMessage())
                                    .lines()
                                    .findFirst()
                                    .orElse("") + ")";
            say.accept("warning   " + what + why + "; the run continues");
        }
    }
}
