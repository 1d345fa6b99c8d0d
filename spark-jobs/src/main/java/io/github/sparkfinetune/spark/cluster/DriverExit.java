package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ExitCode;
import org.apache.spark.SparkUserAppException;

/** How the main method of a Spark application ends. */
public final class DriverExit {
    private DriverExit() {}

    /**
     * Ends the process with an exit code, as each kind of master wants it. Must be the last call of {@code main}, after
     * the session is stopped.
     *
     * <p>With {@code local[N]} by {@link System#exit}: a thread of Spark's barriers would keep the JVM alive. Elsewhere
     * by returning, or by an exception that {@code spark-submit} turns into its exit code, because a cluster manager
     * takes a call of {@code System.exit} in its driver for a crash.
     *
     * @param master the session's {@code spark.master}, or null if there was none
     * @throws SparkUserAppException with the code, unless it is 0
     */
    public static void exit(int code, String master) throws SparkUserAppException {
        if (master == null || Master.parse(master).isLocal()) {
            System.exit(code);
        }
        if (code != ExitCode.DONE.code()) {
            throw SparkVersions.exit(code);
        }
    }
}
