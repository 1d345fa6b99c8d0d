package io.github.sparkfinetune.spark.model;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loaded models that tasks of one JVM have returned, held for later tasks. A task takes a model exclusively, so there
 * are as many models as concurrent tasks. A model that no task takes for a while is closed. Models of other families
 * are closed before a new model is loaded, so that memory for two of them is never needed; of a family, at most
 * {@value #MOST} unused models are held. All models are closed at the end of the JVM.
 *
 * @param <K> key of equal models
 * @param <M> model, not for concurrent use
 */
final class HeldModels<K, M extends AutoCloseable> {
    private static final Logger LOG = LoggerFactory.getLogger(HeldModels.class);

    private static final int MOST = 32;

    private final long idleNanos;
    private final Map<K, Deque<Held<M>>> idle = new HashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "held-models");
        thread.setDaemon(true);
        return thread;
    });
    private long loads;

    private record Held<M>(M model, Object family, long since) {}

    /** Loads a model. */
    interface Loader<M> {
        M load() throws Exception;
    }

    /** @param longest longest time that an unused model is held */
    HeldModels(Duration longest) {
        this.idleNanos = longest.toNanos();
        Runtime.getRuntime().addShutdownHook(new Thread(this::closeAll, "close-held-models"));
    }

    /**
     * Returns a model for exclusive use. The caller returns the model or closes it.
     *
     * @param family equal for models that are held beside each other
     */
    M take(K key, Object family, Loader<M> loader) throws Exception {
        List<Held<M>> others = new ArrayList<>();
        synchronized (this) {
            Deque<Held<M>> mine = idle.get(key);
            if (mine != null && !mine.isEmpty()) {
                return mine.pop().model();
            }
            for (Deque<Held<M>> each : idle.values()) {
                each.removeIf(held -> !held.family().equals(family) && others.add(held));
            }
            idle.values().removeIf(Deque::isEmpty);
            loads++;
        }
        others.forEach(held -> close(held.model()));
        return loader.load();
    }

    /** Holds a model that was taken. */
    void give(K key, Object family, M model) {
        Optional<Held<M>> closed = Optional.empty();
        synchronized (this) {
            idle.computeIfAbsent(key, none -> new ArrayDeque<>()).push(new Held<>(model, family, System.nanoTime()));
            if (idle.values().stream().mapToInt(Deque::size).sum() > MOST) {
                closed = idle.values().stream().flatMap(Deque::stream).min(Comparator.comparingLong(Held::since));
                closed.ifPresent(oldest -> idle.values().forEach(each -> each.remove(oldest)));
                idle.values().removeIf(Deque::isEmpty);
            }
        }
        closed.ifPresent(oldest -> close(oldest.model()));
        var unused = clock.schedule(this::closeIdle, idleNanos, TimeUnit.NANOSECONDS);
    }

    /** Returns the number of models that were loaded. */
    synchronized long loads() {
        return loads;
    }

    private void closeIdle() {
        List<Held<M>> expired = new ArrayList<>();
        long now = System.nanoTime();
        synchronized (this) {
            for (Deque<Held<M>> each : idle.values()) {
                each.removeIf(held -> now - held.since() >= idleNanos && expired.add(held));
            }
            idle.values().removeIf(Deque::isEmpty);
        }
        expired.forEach(held -> close(held.model()));
    }

    /** Closes all held models. */
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
            LOG.warn("a held model cannot be closed", e);
        }
    }
}
