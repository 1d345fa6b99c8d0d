package io.github.sparkfinetune.spark.cluster;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkConf;
import scala.Tuple2;

/**
 * Spark's catalog of a Hive metastore, or of a service with its interface such as AWS Glue. Spark takes it only if a
 * setting says so, as its own shells set it. Without a configured metastore Hive would make one in the working
 * directory.
 */
final class HiveCatalog {
    static final String SETTING = "spark.sql.catalogImplementation";
    static final String HIVE = "hive";

    private static final List<String> PREFIXES =
            List.of("spark.hadoop.hive.metastore.", "spark.hive.metastore.", "spark.sql.hive.metastore.");
    private static final String FILE = "hive-site.xml";
    /** Classes that Spark looks for, too. */
    private static final List<String> CLASSES =
            List.of("org.apache.spark.sql.hive.HiveSessionStateBuilder", "org.apache.hadoop.hive.conf.HiveConf");

    private HiveCatalog() {}

    /** Returns whether a metastore is configured, by a setting or by {@code hive-site.xml}, and Spark has Hive. */
    static boolean isConfigured(SparkConf spark) {
        ClassLoader own = Thread.currentThread().getContextClassLoader();
        ClassLoader classes = own == null ? HiveCatalog.class.getClassLoader() : own;
        boolean isSet = Arrays.stream(spark.getAll())
                .map(Tuple2::_1)
                .anyMatch(key -> PREFIXES.stream().anyMatch(key::startsWith));
        return (isSet || classes.getResource(FILE) != null)
                && CLASSES.stream().allMatch(name -> classes.getResource(name.replace('.', '/') + ".class") != null);
    }
}
