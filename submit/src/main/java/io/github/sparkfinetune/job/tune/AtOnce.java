package io.github.sparkfinetune.job.tune;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Work on several threads. */
public final class AtOnce {
    private AtOnce() {}

    /**
     * Does all work, in its order as threads become free, and waits for it.
     *
     * @param threads number of threads
     * @throws RunException if this thread is interrupted, or as thrown by the work
     */
    public static void run(List<Callable<Void>> work, int threads) throws IOException {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (Future<Void> ended : pool.invokeAll(work)) {
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
