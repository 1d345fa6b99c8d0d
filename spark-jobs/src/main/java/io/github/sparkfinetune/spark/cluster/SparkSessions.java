package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
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
 * Starts sessions with the settings that the jobs need. Settings of the user ({@code spark-submit --conf},
 * {@code spark-defaults.conf}) take precedence, except {@code spark.serializer}. Must be called before any other use of
 * Spark in this JVM.
 */
public final class SparkSessions {
    /** Spark recommends 2 to 3 tasks per core. With more, the part of a task takes less memory. */
    private static final int PARTS_PER_CORE = 4;

    /** Setting that hides values in Spark's UI and event log. */
    private static final String REDACTION = "spark.redaction.regex";
    /** Default of the setting. */
    private static final String SPARKS_SECRETS = "(?i)secret|password|token|access[.]?key";
    /** Also hidden: keys of lineage services, and the command line, which may name a person ({@code erase --where}). */
    private static final String SECRETS = "(?i:api[.]?key|authorization|credential|sun[.]java[.]command)";

    private static final Logger LOG = LoggerFactory.getLogger(SparkSessions.class);
    private static final String SERIALIZER = "spark.serializer";
    private static final String JAVA = JavaSerializer.class.getName();
    private static final String LOGGING = "log4j2.configurationFile";
    private static final String QUIET = "classpath:io/github/sparkfinetune/spark/log4j2.properties";
    /** Seconds. The first rank waits while the last rank's executor still fetches its jars and unpacks PyTorch. */
    private static final int LEAST_SYNC_TIMEOUT = 900;

    private SparkSessions() {}

    /**
     * Returns the session of a command. If neither the argument nor spark-submit nor spark-defaults sets a master, the
     * session runs in this JVM, with one core per rank.
     *
     * @param master {@code local[N]}, {@code local-cluster[N,cores,MiB]} (separate executors on this machine;
     *     SPARK_HOME in the environment must name a folder with Spark's jars), the URL of a cluster, or null
     * @param settings further {@code spark.*} settings, which take precedence over all others
     */
    public static SparkSession open(RunConfig config, String appName, String master, Map<String, String> settings) {
        return open(config, appName, master, settings, true);
    }

    /**
     * Returns a session as {@link #open(RunConfig, String, String, Map)} does.
     *
     * @param trains whether a training may run in the session
     */
    public static SparkSession open(
            RunConfig config, String appName, String master, Map<String, String> settings, boolean trains) {
        SparkVersions.require();
        DjlSettings.apply();
        SparkConf spark = conf(config, appName, master, settings, trains);
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
     * Prepares this JVM for jobs in a session that other code has started.
     *
     * @throws RunException as {@link #requireSerializer}
     */
    public static void adopt(SparkSession session) {
        SparkVersions.require();
        DjlSettings.apply();
        requireSerializer(session);
    }

    /**
     * Refuses a session whose serializer cannot read Java's records, such as Kryo's. The serializer of a running
     * session cannot be changed.
     *
     * @throws RunException if the serializer cannot read records
     */
    public static void requireSerializer(SparkSession session) {
        String serializer = session.sparkContext().getConf().get(SERIALIZER, JAVA);
        if (!serializer.equals(JAVA)) {
            throw RunException.config("this Spark session has " + SERIALIZER + "=" + serializer
                    + ", which cannot read Java's records: start it with --conf " + SERIALIZER + "=" + JAVA);
        }
    }

    /** Returns the settings of a session for a training that {@link #open} would start. */
    public static SparkConf conf(RunConfig config, String appName, String master, Map<String, String> settings) {
        return conf(config, appName, master, settings, true);
    }

    static SparkConf conf(
            RunConfig config, String appName, String master, Map<String, String> settings, boolean trains) {
        SparkConf spark = new SparkConf();
        settings.forEach(spark::set);
        if (master != null) {
            spark.setMaster(master);
        }
        spark.setIfMissing("spark.master", "local[" + config.cluster().ranks() + "]");
        spark.setIfMissing("spark.app.name", appName);
        Master parsed = Master.parse(spark.get("spark.master"));
        Map<String, String> defaults = everywhere();
        if (trains) {
            defaults.putAll(ofATraining(config));
        }
        if (HiveCatalog.isConfigured(spark)) {
            defaults.put(HiveCatalog.SETTING, HiveCatalog.HIVE);
        }
        if (!parsed.isRemote()) {
            defaults.put("spark.ui.enabled", "false");
            // Spark's 200 parts are for a cluster. A persisted query keeps them, and each then has a few rows.
            int cores = Math.max(1, parsed.workers()) * parsed.cores();
            defaults.put("spark.sql.shuffle.partitions", Integer.toString(PARTS_PER_CORE * cores));
            if (System.getProperty(LOGGING) == null) {
                System.setProperty(LOGGING, QUIET);
            }
        }
        if (parsed.kind() == Master.Kind.LOCAL_CLUSTER) {
            defaults.putAll(localCluster(parsed));
        }
        defaults.forEach(spark::setIfMissing);
        String redacted = spark.get(REDACTION, "");
        if (!redacted.contains(SECRETS)) {
            spark.set(REDACTION, (redacted.isEmpty() ? SPARKS_SECRETS : redacted) + "|" + SECRETS);
        }
        return spark;
    }

    private static Map<String, String> everywhere() {
        Map<String, String> defaults = new LinkedHashMap<>();
        Allocator.ENVIRONMENT.forEach((name, value) -> defaults.put("spark.executorEnv." + name, value));
        // Ranks leave an executor in order that the cluster takes away. Without it the executor is lost. Executors with
        // blocks of a shuffle or a cached RDD pass them on before they go, so that no other job repeats its stages.
        defaults.put("spark.decommission.enabled", "true");
        defaults.put("spark.storage.decommission.enabled", "true");
        defaults.put("spark.storage.decommission.shuffleBlocks.enabled", "true");
        defaults.put("spark.storage.decommission.rddBlocks.enabled", "true");
        // Spark looks for blocks in this interval, and ends the executor only after one without a task: 30 s by
        // default,
        // in which the cluster starts no other executor.
        defaults.put("spark.storage.decommission.replicationReattemptInterval", "1s");
        defaults.put("spark.ui.showConsoleProgress", "false");
        // A platform that sets it: FixedExecutors, and ClusterChecks for a session of other code.
        defaults.put("spark.dynamicAllocation.enabled", "false");
        return defaults;
    }

    /**
     * Returns the settings of a session in which a training runs. Spark applies each of them to all jobs of a session,
     * so sessions that only prepare or predict keep Spark's defaults.
     */
    private static Map<String, String> ofATraining(RunConfig config) {
        Map<String, String> defaults = new LinkedHashMap<>();
        // Progress travels with the heartbeats. The driver may be silent for 60 x 10 s, as with Spark's defaults.
        defaults.put("spark.executor.heartbeatInterval", "1s");
        defaults.put("spark.executor.heartbeat.maxFailures", "600");
        // Executors need time to fetch all jars, so this check allows the driver's start timeout.
        int startTimeout = config.cluster().startTimeoutSeconds();
        defaults.put("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
        defaults.put("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", Integer.toString(startTimeout));
        // Longest wait of a rank at Spark's barriers; the default is a year.
        defaults.put("spark.barrier.sync.timeout", Math.max(LEAST_SYNC_TIMEOUT, startTimeout) + "s");
        // A rank that survives a lost rank but hangs in native code would hold its executor forever.
        defaults.put("spark.task.reaper.enabled", "true");
        defaults.put("spark.task.reaper.pollingInterval", "1s");
        defaults.put("spark.task.reaper.killTimeout", "30s");
        return defaults;
    }

    private static Map<String, String> localCluster(Master master) {
        String home = System.getenv("SPARK_HOME");
        if (home == null || !Files.isDirectory(Path.of(home, "jars"))) {
            throw RunException.config(master.url() + " starts executors with Spark's jars, but SPARK_HOME is "
                    + (home == null ? "not set" : home + ", which has no folder jars")
                    + ": set it to the folder of a Spark 3.5 distribution");
        }
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("spark.executorEnv.SPARK_SCALA_VERSION", SparkVersions.scala());
        // The executors are on this machine, so they load the jars that the driver loaded.
        defaults.put("spark.executor.extraClassPath", System.getProperty("java.class.path"));
        defaults.put("spark.executor.extraJavaOptions", "-D" + LOGGING + "=" + System.getProperty(LOGGING));
        defaults.put("spark.executor.memory", master.memoryMiB() + "m");
        defaults.put("spark.driver.host", "127.0.0.1");
        defaults.put("spark.driver.bindAddress", "127.0.0.1");
        return defaults;
    }
}
