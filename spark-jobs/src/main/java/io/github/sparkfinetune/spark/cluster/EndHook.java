package io.github.sparkfinetune.spark.cluster;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;

/** Work before the process ends, for example by a signal, and before Spark's own hook stops the session. */
public final class EndHook {
    /** Time that an ending process gives a step of a training and its checkpoint. */
    public static final Duration STEP = Duration.ofSeconds(15);

    private static final int PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 100;

    private EndHook() {}

    /**
     * Adds work.
     *
     * @param longest time after which the end of the process goes on without the work
     */
    public static void add(Runnable work, Duration longest) {
        ShutdownHookManager.get().addShutdownHook(work, PRIORITY, longest.toSeconds(), TimeUnit.SECONDS);
    }

    /** Forgets work that was added, unless the process is ending. */
    public static void remove(Runnable work) {
        ShutdownHookManager manager = ShutdownHookManager.get();
        if (!manager.isShutdownInProgress()) {
            manager.removeShutdownHook(work);
        }
    }
}
