package io.github.sparkfinetune.spark.entity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loaded models that the tasks of one JVM use at the same time. The first task loads a model, and the others wait for
 * it. A model that no task uses is closed after a while, or before a model with another key is loaded.
 *
 * @param <K> key of equal models
 * @param <M> model, for concurrent use
 */
final class SharedModels<K, M extends AutoCloseable> {
    private static final Logger LOG = LoggerFactory.getLogger(SharedModels.class);

    private final long idleNanos;
    private final Map<K, Shared<M>> all = new HashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "shared-models");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicLong loads = new AtomicLong();

    private static final class Shared<M> {
        /** Null until the first user has loaded it. */
        private M model;

        private int users;
        private long since;
    }

    /** Loads a model. */
    interface Loader<M> {
        M load() throws Exception;
    }

    /** @param longest longest time that an unused model is held */
    SharedModels(Duration longest) {
        this.idleNanos = longest.toNanos();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> closeUnused(0), "close-shared-models"));
    }

    /** Returns a model, which stays open until the caller {@link #give gives it back}. */
    M take(K key, Loader<M> loader) throws Exception {
        Shared<M> shared;
        boolean isNew;
        synchronized (this) {
            isNew = !all.containsKey(key);
            shared = all.computeIfAbsent(key, none -> new Shared<>());
            shared.users++;
        }
        try {
            if (isNew) {
                closeUnused(0);
            }
            synchronized (shared) {
                if (shared.model == null) {
                    shared.model = loader.load();
                    loads.incrementAndGet();
                }
                return shared.model;
            }
        } catch (Exception e) {
            give(key);
            throw e;
        }
    }

    /** Gives back a model that was taken. */
    void give(K key) {
        synchronized (this) {
            Shared<M> shared = all.get(key);
            shared.users--;
            shared.since = System.nanoTime();
        }
        var unused = clock.schedule(() -> closeUnused(idleNanos), idleNanos, TimeUnit.NANOSECONDS);
    }

    /** Returns the number of models that were loaded. */
    long loads() {
        return loads.get();
    }

    private void closeUnused(long nanos) {
        List<M> closing = new ArrayList<>();
        long now = System.nanoTime();
        synchronized (this) {
            all.values().removeIf(shared -> {
                boolean unused = shared.users == 0 && now - shared.since >= nanos;
                if (unused && shared.model != null) {
                    closing.add(shared.model);
                }
                return unused;
            });
        }
        closing.forEach(SharedModels::close);
    }

    private static void close(AutoCloseable model) {
        try {
            model.close();
        } catch (Exception e) {
            LOG.warn("a shared model cannot be closed", e);
        }
    }
}
