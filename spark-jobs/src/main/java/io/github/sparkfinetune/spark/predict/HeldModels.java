package io.github.sparkfinetune.spark.predict;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the tasks of one JVM have loaded and given back, held for the tasks that follow: a task takes one for itself
 * alone, so there are as many as there were tasks at once. Those that nobody takes for a while are closed, those of
 * another key before anything is loaded, so that memory for two is never needed; and all at the end of the JVM.
 *
 * @param <K> what tells them apart
 * @param <M> not for concurrent use
 */
final class HeldModels<K, M extends AutoCloseable> {
    private static final Logger LOG = LoggerFactory.getLogger(HeldModels.class);

    private final long idleNanos;
    private final Map<K, Deque<Held<M>>> idle = new HashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "held-models");
        thread.setDaemon(true);
        return thread;
    });
    private long loads;

    private record Held<M>(M model, long since) {}

    /** Loads a model. */
    interface Loader<M> {
        M load() throws Exception;
    }

    /** @param longest how long one is held that nobody takes */
    HeldModels(Duration longest) {
        this.idleNanos = longest.toNanos();
        Runtime.getRuntime().addShutdownHook(new Thread(this::closeAll, "close-held-models"));
    }

    /** One for the caller alone, who gives it back or closes it. */
    M take(K key, Loader<M> loader) throws Exception {
        List<Held<M>> others = new ArrayList<>();
        synchronized (this) {
            Deque<Held<M>> mine = idle.get(key);
            if (mine != null && !mine.isEmpty()) {
                return mine.pop().model();
            }
            for (Iterator<Deque<Held<M>>> each = idle.values().iterator(); each.hasNext(); ) {
                others.addAll(each.next());
                each.remove();
            }
            loads++;
        }
        others.forEach(held -> close(held.model()));
        return loader.load();
    }

    /** Holds one that was taken. */
    void give(K key, M model) {
        synchronized (this) {
            idle.computeIfAbsent(key, none -> new ArrayDeque<>()).push(new Held<>(model, System.nanoTime()));
        }
        var unused = clock.schedule(this::closeIdle, idleNanos, TimeUnit.NANOSECONDS);
    }

    /** How many were loaded so far. */
    synchronized long loads() {
        return loads;
    }

    private void closeIdle() {
        List<Held<M>> late = new ArrayList<>();
        long now = System.nanoTime();
        synchronized (this) {
            for (Deque<Held<M>> each : idle.values()) {
                each.removeIf(held -> now - held.since() >= idleNanos && late.add(held));
            }
            idle.values().removeIf(Deque::isEmpty);
        }
        late.forEach(held -> close(held.model()));
    }

    /** Closes all that are held. */
    void closeAll() {
        List<Held<M>> all = new ArrayList<>();
        synchronized (this) {
            idle.values().forEach(all::addAll);
            idle.clear();
        }
        all.forEach(held -> close(held.model()));
    }

    private void close(M model) {
        try {
            model.close();
        } catch (Exception e) {
            LOG.warn("a model that was held can't be closed", e);
        }
    }
}
