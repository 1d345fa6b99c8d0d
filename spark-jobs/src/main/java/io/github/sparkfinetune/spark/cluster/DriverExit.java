package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.error.ExitCode;
import java.util.function.UnaryOperator;
import org.apache.spark.SparkUserAppException;

/** End of the main method of a Spark application. */
public final class DriverExit {
    private DriverExit() {}

    /**
     * Returns whether the cluster manager restarts a failed driver, whatever its exit code. YARN does so in cluster
     * mode, up to {@code spark.yarn.maxAppAttempts} attempts.
     *
     * @param properties system properties of the driver, which include the settings of spark-submit
     */
    public static boolean isRepeated(UnaryOperator<String> properties) {
        return "yarn".equals(properties.apply("spark.master"))
                && "cluster".equals(properties.apply("spark.submit.deployMode"))
                && !"1".equals(properties.apply("spark.yarn.maxAppAttempts"));
    }

    /**
     * Ends the process with an exit code in the way that the master needs. Must be the last call of {@code main}, after
     * the session is stopped.
     *
     * <p>With {@code local[N]} the process ends by {@link System#exit}, because a thread of Spark's barriers would keep
     * the JVM alive. With other masters the method returns, or throws an exception that {@code spark-submit} turns into
     * its exit code. There a cluster manager would take a call of {@code System.exit} in the driver for a crash.
     *
     * @param master {@code spark.master} of the session, or null if there was no session
     * @throws SparkUserAppException with the code, unless the code is 0
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
