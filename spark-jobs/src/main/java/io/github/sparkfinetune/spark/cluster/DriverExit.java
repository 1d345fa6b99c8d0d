package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ExitCode;
import java.util.function.UnaryOperator;
import org.apache.spark.SparkUserAppException;

/** How the main method of a Spark application ends. */
public final class DriverExit {
    private DriverExit() {}

    /**
     * Whether the cluster's manager starts a driver that failed again, whatever its exit code: YARN does in cluster
     * mode, as often as {@code spark.yarn.maxAppAttempts} says.
     *
     * @param properties the driver's system properties, which hold what spark-submit was given
     */
    public static boolean isRepeated(UnaryOperator<String> properties) {
        return "yarn".equals(properties.apply("spark.master"))
                && "cluster".equals(properties.apply("spark.submit.deployMode"))
                && !"1".equals(properties.apply("spark.yarn.maxAppAttempts"));
    }

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
