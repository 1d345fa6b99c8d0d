package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executors that a session has from its start to its end. A barrier stage cannot run while Spark allocates executors
 * dynamically, which is the default of platforms such as EMR and Dataproc.
 */
public final class FixedExecutors {
    private static final Logger LOG = LoggerFactory.getLogger(FixedExecutors.class);
    private static final String DYNAMIC = "spark.dynamicAllocation.enabled";
    private static final String INSTANCES = "spark.executor.instances";

    private FixedExecutors() {}

    /**
     * Returns settings that replace dynamic allocation by executors for all ranks, for a session in which a training
     * runs; none if executors are not allocated dynamically.
     *
     * @param spark settings of the session
     * @param together number of trainings at a time; 0 for a session without a training
     */
    public static Map<String, String> settings(SparkConf spark, RunConfig config, int together) {
        if (together == 0 || !spark.getBoolean(DYNAMIC, false)) {
            return Map.of();
        }
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(DYNAMIC, "false");
        Master master = Master.parse(spark.get("spark.master"));
        if (master.kind() == Master.Kind.OTHER) {
            int perExecutor = ClusterChecks.ranksPerExecutor(spark, config);
            int ranks = config.cluster().ranks() * together;
            int needed = (ranks + perExecutor - 1) / perExecutor;
            int instances = Math.max(needed, spark.getInt(INSTANCES, 0));
            settings.put(INSTANCES, Integer.toString(instances));
            LOG.info(
                    "{} is true, but the ranks need their executors all at once: this session has {} executor(s)",
                    DYNAMIC,
                    instances);
        }
        return settings;
    }
}
