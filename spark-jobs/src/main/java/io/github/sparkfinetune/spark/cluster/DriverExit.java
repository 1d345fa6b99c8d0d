package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.error.ExitCode;
import java.util.Collection;
import java.util.function.UnaryOperator;
import org.apache.spark.SparkUserAppException;

/** End of the main method of a Spark application. */
public final class DriverExit {
    /** Beginning of the name of a thread of Spark's class {@code BarrierCoordinator}. */
    private static final String BARRIERS = "BarrierCoordinator";

    private DriverExit() {}

    /**
     * Returns whether the cluster manager restarts a failed driver, whatever its exit code. YARN does so in cluster
     * mode, up to {@code spark.yarn.maxAppAttempts} attempts.
     *
     * @param properties system properties of the driver, which include the settings of spark-submit
     */
    public static boolean isRepeated(UnaryOperator<String> properties) {
        return isInYarn(properties) && !"1".equals(properties.apply("spark.yarn.maxAppAttempts"));
    }

    private static boolean isInYarn(UnaryOperator<String> properties) {
        return "yarn".equals(properties.apply("spark.master"))
                && "cluster".equals(properties.apply("spark.submit.deployMode"));
    }

    /** Returns whether a thread of Spark's barriers keeps the JVM alive after {@code main}. */
    static boolean remains(Collection<Thread> threads) {
        return threads.stream()
                .anyMatch(thread -> thread.isAlive()
                        && !thread.isDaemon()
                        && thread.getName().startsWith(BARRIERS));
    }

    /**
     * Ends the process with an exit code in the way that the master needs. Must be the last call of {@code main}, after
     * the session is stopped.
     *
     * <p>With {@code local[N]}, and where a thread of Spark's barriers would keep the JVM alive (Spark 3.5.1), the
     * process ends by {@link System#exit}. Else the method returns, or throws an exception that {@code spark-submit}
     * turns into its exit code. In YARN's cluster mode it always does, because YARN would take a call of
     * {@code System.exit} in the driver for a crash, and ends the JVM by itself.
     *
     * @param master {@code spark.master} of the session, or null if there was no session
     * @throws SparkUserAppException with the code, unless the code is 0
     */
    public static void exit(int code, String master) throws SparkUserAppException {
        boolean inYarn = isInYarn(System::getProperty);
        if (master == null
                || Master.parse(master).isLocal()
                || (!inYarn && remains(Thread.getAllStackTraces().keySet()))) {
            System.exit(code);
        }
        if (code != ExitCode.DONE.code()) {
            throw SparkVersions.exit(code);
        }
    }
}
