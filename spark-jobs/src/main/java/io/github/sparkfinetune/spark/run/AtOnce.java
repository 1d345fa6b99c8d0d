package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Work on many runs, on several threads. A run that fails does not end the others. */
public final class AtOnce {
    private AtOnce() {}

    /** Work on a run. */
    @FunctionalInterface
    public interface Work<T> {
        /** Does the work. */
        void on(T run) throws IOException;
    }

    /** Receiver of failures, called by any of the threads. */
    @FunctionalInterface
    public interface Failed<T> {
        /** Receives why a run failed. */
        void on(T run, RunException failure) throws IOException;
    }

    /**
     * Does the work on all runs, in their order as threads become free, and waits for it.
     *
     * @param failed receives each run whose work throws a {@link RunException}
     * @throws RunException if this thread is interrupted
     */
    public static <T> void each(List<T> runs, int threads, Work<T> work, Failed<T> failed) throws IOException {
        List<Callable<Void>> all = runs.stream()
                .map(run -> (Callable<Void>) () -> {
                    try {
                        work.on(run);
                    } catch (RunException e) {
                        if (Thread.currentThread().isInterrupted()) {
                            throw e;
                        }
                        failed.on(run, e);
                    }
                    return null;
                })
                .toList();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (Future<Void> ended : pool.invokeAll(all)) {
                ended.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RunException.failed("interrupted: start the same command again to continue", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }
}
