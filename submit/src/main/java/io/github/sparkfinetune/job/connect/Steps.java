package io.github.sparkfinetune.job.connect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.Failure;
import io.github.sparkfinetune.job.session.SessionRun;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Steps that clients run now, by the identifier that the client has chosen. A step whose client has asked for its
 * progress, and has stopped asking, is cancelled: Spark notices a lost client only while its answer is being streamed,
 * and Spark 4.0 not at all.
 */
final class Steps {
    private static final Logger LOG = LoggerFactory.getLogger(Steps.class);
    /** Setting of Spark for the time after which the work of a lost client ends, and its default. */
    private static final String LOST = "spark.connect.execute.manager.detachedTimeout";

    private static final String LOST_DEFAULT = "5m";

    private static final ScheduledExecutorService CLOCK = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "lost-clients");
        thread.setDaemon(true);
        return thread;
    });
    private static final Map<String, Step> RUNNING = new ConcurrentHashMap<>();

    private Steps() {}

    /** Work of a step. */
    interface Work {
        void run() throws IOException;
    }

    private static final class Step {
        private final SessionRun run;
        private final ArrayNode lines = JsonFiles.MAPPER.createArrayNode();
        private final long lostNanos;
        /** Of the clock's thread alone. */
        private boolean cancelled;

        private boolean asked;
        private long askedLast;

        Step(SessionRun run, long lostNanos) {
            this.run = run;
            this.lostNanos = lostNanos;
        }

        synchronized JsonNode asked(int from) throws IOException {
            asked = true;
            askedLast = System.nanoTime();
            return shown(from);
        }

        /** Returns whether the client has asked, and has stopped asking. */
        synchronized boolean isLost() {
            return asked && System.nanoTime() - askedLast >= lostNanos;
        }

        /** Returns all complete lines from a number on, so that a client that lost an answer may ask again. */
        synchronized JsonNode shown(int from) throws IOException {
            ObjectNode now = (ObjectNode) JsonFiles.MAPPER.readTree(run.shown());
            lines.addAll((ArrayNode) now.get("lines"));
            ArrayNode news = JsonFiles.MAPPER.createArrayNode();
            for (int i = from; i < lines.size(); i++) {
                news.add(lines.get(i));
            }
            now.set("lines", news);
            return now;
        }
    }

    /**
     * Runs a step in the calling thread.
     *
     * @param session session of the client
     * @param id identifier of the step, unique to it
     * @return all that the step has shown, and its error
     */
    static Answer run(SparkSession session, String id, SessionRun run, Work work) throws IOException {
        String lost = session.conf().get(LOST, LOST_DEFAULT);
        Step step = new Step(run, TimeUnit.MILLISECONDS.toNanos(JavaUtils.timeStringAsMs(lost)));
        if (RUNNING.putIfAbsent(id, step) != null) {
            throw RunException.config("step " + id + " is in progress already: choose another identifier");
        }
        Future<?> watch = CLOCK.scheduleWithFixedDelay(() -> endIfLost(id, step, lost), 1, 1, TimeUnit.SECONDS);
        try {
            work.run();
            return Answer.of(step.shown(0));
        } catch (Exception e) { // Scala's methods throw checked exceptions that they do not declare
            return Answer.of(failure(e), step.shown(0));
        } finally {
            watch.cancel(false);
            RUNNING.remove(id);
            // Cancelling interrupts this thread, which still has to send the answer.
            Thread.interrupted();
        }
    }

    /** Cancels a step once: a second interrupt would fail the files that it writes at its end. */
    private static void endIfLost(String id, Step step, String lost) {
        if (!step.cancelled && step.isLost() && step.run.cancel()) {
            step.cancelled = true;
            LOG.warn("step {} is cancelled: its client has not asked for its progress for {} ({})", id, lost, LOST);
        }
    }

    /** Returns the failure of a call; logs the stack trace of a failure that its message does not explain. */
    static Failure failure(Throwable e) {
        Failure failure = Failure.of(e);
        if (!failure.expected()) {
            LOG.error("a call failed", e);
        }
        return failure;
    }

    /**
     * Returns what a step shows: the complete {@code lines} from a number on, the unfinished {@code line}, and the
     * completed {@code share}. A step that has not begun, or has ended, shows nothing.
     */
    static JsonNode shown(String id, int from) throws IOException {
        Step step = RUNNING.get(id);
        if (step != null) {
            return step.asked(from);
        }
        ObjectNode nothing = JsonFiles.MAPPER.createObjectNode();
        nothing.putArray("lines");
        return nothing.put("line", "").put("share", 0.0);
    }

    /** Cancels a step and returns whether it was in progress. */
    static boolean cancel(String id) {
        Step step = RUNNING.get(id);
        return step != null && step.run.cancel();
    }
}
