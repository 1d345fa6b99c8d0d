package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.tensor.Allocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a session with the settings that the jobs want; what the user set ({@code spark-submit --conf},
 * {@code spark-defaults.conf}) always wins, but for {@code spark.serializer}. Must be called before anything else
 * touches Spark in this JVM.
 */
public final class SparkSessions {
    private static final Logger LOG = LoggerFactory.getLogger(SparkSessions.class);
    private static final String SERIALIZER = "spark.serializer";
    private static final String JAVA = JavaSerializer.class.getName();
    private static final String LOGGING = "log4j2.configurationFile";
    private static final String QUIET = "classpath:io/github/sparkfinetune/spark/log4j2.properties";
    /** Seconds: a first rank waits while the last one's executor still fetches its jars and unpacks PyTorch. */
    private static final int LEAST_SYNC_TIMEOUT = 900;

    private SparkSessions() {}

    /**
     * The session of a command. Without a master of its own, of spark-submit or of spark-defaults it runs in this JVM,
     * with a core a rank.
     *
     * @param master {@code local[N]}, {@code local-cluster[N,cores,MiB]} (executors of their own on this machine; the
     *     environment's SPARK_HOME must name a folder with Spark's jars) or any cluster's, or null
     * @param settings further {@code spark.*} settings, which win over all others
     */
    public static SparkSession open(RunConfig config, String appName, String master, Map<String, String> settings) {
        SparkVersions.require();
        DjlSettings.apply();
        SparkConf spark = conf(config, appName, master, settings);
        String serializer = spark.get(SERIALIZER, JAVA);
        if (!serializer.equals(JAVA)) {
            LOG.warn(
                    "{} is {}, which cannot read Java's records: this application uses {}",
                    SERIALIZER,
                    serializer,
                    JAVA);
            spark.set(SERIALIZER, JAVA);
        }
        Master parsed = Master.parse(spark.get("spark.master"));
        SparkSession session = SparkSession.builder().config(spark).getOrCreate();
        if (!session.sparkContext().master().equals(parsed.url())) {
            throw new IllegalStateException("this JVM has a session on "
                    + session.sparkContext().master() + " already: stop it before one on " + parsed.url());
        }
        return session;
    }

    /**
     * Makes this JVM ready for jobs in a session that another has started.
     *
     * @throws RunException as {@link #requireSerializer}
     */
    public static void adopt(SparkSession session) {
        SparkVersions.require();
        DjlSettings.apply();
        requireSerializer(session);
    }

    /**
     * Refuses a session, which another has started, whose serializer cannot read Java's records, as Kryo's cannot: it
     * is fixed when a session starts.
     *
     * @throws RunException if it is of that kind
     */
    public static void requireSerializer(SparkSession session) {
        String serializer = session.sparkContext().getConf().get(SERIALIZER, JAVA);
        if (!serializer.equals(JAVA)) {
            throw RunException.config("this Spark session has " + SERIALIZER + "=" + serializer
                    + ", which cannot read Java's records: start it with --conf " + SERIALIZER + "=" + JAVA);
        }
    }

    /** The settings of a session that {@link #open} would start. */
    public static SparkConf conf(RunConfig config, String appName, String master, Map<String, String> settings) {
        SparkConf spark = new SparkConf();
        settings.forEach(spark::set);
        if (master != null) {
            spark.setMaster(master);
        }
        spark.setIfMissing("spark.master", "local[" + config.compute().cluster().ranks() + "]");
        spark.setIfMissing("spark.app.name", appName);
        Master parsed = Master.parse(spark.get("spark.master"));
        Map<String, String> wanted = everywhere(config);
        if (!parsed.isRemote()) {
            wanted.put("spark.ui.enabled", "false");
            if (System.getProperty(LOGGING) == null) {
                System.setProperty(LOGGING, QUIET);
            }
        }
        if (parsed.kind() == Master.Kind.LOCAL_CLUSTER) {
            wanted.putAll(localCluster(parsed));
        }
        wanted.forEach(spark::setIfMissing);
        return spark;
    }

    private static Map<String, String> everywhere(RunConfig config) {
        Map<String, String> wanted = new LinkedHashMap<>();
        Allocator.ENVIRONMENT.forEach((name, value) -> wanted.put("spark.executorEnv." + name, value));
        // Progress travels with the heartbeats. The driver may be silent as long as by Spark's defaults: 60 x 10 s.
        wanted.put("spark.executor.heartbeatInterval", "1s");
        wanted.put("spark.executor.heartbeat.maxFailures", "600");
        // Executors that fetch all jars take their time: they may come for as long as the driver waits for them.
        int startTimeout = config.compute().cluster().startTimeoutSeconds();
        wanted.put("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
        wanted.put("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", Integer.toString(startTimeout));
        // Bounds how long a rank waits for a peer at Spark's barriers; the default is a year.
        wanted.put("spark.barrier.sync.timeout", Math.max(LEAST_SYNC_TIMEOUT, startTimeout) + "s");
        // Spark's limit, 4, counts the lost executors of a whole run: TrainJob counts those without progress.
        wanted.put("spark.stage.maxConsecutiveAttempts", "1000");
        // A survivor of a lost rank that hangs in native code would hold its executor for good.
        wanted.put("spark.task.reaper.enabled", "true");
        wanted.put("spark.task.reaper.pollingInterval", "1s");
        wanted.put("spark.task.reaper.killTimeout", "30s");
        wanted.put("spark.ui.showConsoleProgress", "false");
        // A cluster's own default; where the user sets it, ClusterChecks says what to do.
        wanted.put("spark.dynamicAllocation.enabled", "false");
        return wanted;
    }

    private static Map<String, String> localCluster(Master master) {
        String home = System.getenv("SPARK_HOME");
        if (home == null || !Files.isDirectory(Path.of(home, "jars"))) {
            throw RunException.config(master.url() + " starts executors with Spark's jars, but SPARK_HOME is "
                    + (home == null ? "not set" : home + ", which has no folder jars")
                    + ": set it to the folder of a Spark 3.5 distribution");
        }
        Map<String, String> wanted = new LinkedHashMap<>();
        wanted.put("spark.executorEnv.SPARK_SCALA_VERSION", SparkVersions.scala());
        // The executors are on this machine, so they load the very jars that the driver did.
        wanted.put("spark.executor.extraClassPath", System.getProperty("java.class.path"));
        wanted.put("spark.executor.extraJavaOptions", "-D" + LOGGING + "=" + System.getProperty(LOGGING));
        wanted.put("spark.executor.memory", master.memoryMiB() + "m");
        wanted.put("spark.driver.host", "127.0.0.1");
        wanted.put("spark.driver.bindAddress", "127.0.0.1");
        return wanted;
    }
}
