package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.shuffle.FetchFailedException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import scala.Tuple2;

class SparkSessionsTest {
    private static final AtomicInteger FETCHES = new AtomicInteger();

    @TempDir
    private Path folder;

    /** Blocks of a shuffle that always break on their way must not make a job repeat its stages without end. */
    @Test
    @Timeout(120)
    void aJobWhoseBlocksCannotBeFetchedEnds() {
        SparkSession spark = SparkSessions.open(Runs.in(folder), "test", "local[2]", Map.of());
        JavaSparkContext context = new JavaSparkContext(spark.sparkContext());
        FETCHES.set(0);

        assertThatThrownBy(() -> context.parallelize(List.of(1, 2, 3, 4), 2)
                        .mapToPair(number -> new Tuple2<>(number, number))
                        .reduceByKey(Integer::sum, 1)
                        .mapPartitions(rows -> {
                            FETCHES.incrementAndGet();
                            throw new FetchFailedException(
                                    SparkEnv.get().blockManager().blockManagerId(), 0, 0, 0, 0, "lost", null);
                        })
                        .count())
                .hasMessageContaining("failed the maximum allowable number of times: 4");
        assertThat(FETCHES).as("Spark's limit").hasValue(4);
    }

    @Test
    void onlySessionsOfTrainingsHaveTheSettingsOfATraining() {
        RunConfig config = Runs.in(folder);
        SparkConf training = SparkSessions.conf(config, "test", "local[2]", Map.of(), true);
        SparkConf others = SparkSessions.conf(config, "test", "local[2]", Map.of(), false);

        for (String key : List.of("spark.executor.heartbeatInterval", "spark.task.reaper.enabled")) {
            assertThat(training.contains(key)).as(key).isTrue();
            assertThat(others.contains(key)).as(key).isFalse();
        }
        assertThat(training.contains("spark.stage.maxConsecutiveAttempts")).isFalse();
    }

    @Test
    void decommissionedExecutorsPassTheirBlocksOn() {
        SparkConf spark = SparkSessions.conf(Runs.in(folder), "test", "local[2]", Map.of());

        for (String key : List.of(
                "spark.decommission.enabled",
                "spark.storage.decommission.enabled",
                "spark.storage.decommission.shuffleBlocks.enabled",
                "spark.storage.decommission.rddBlocks.enabled")) {
            assertThat(spark.getBoolean(key, false)).as(key).isTrue();
        }
    }

    private static String catalog(Path classes, Map<String, String> settings) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            return SparkSessions.conf(Runs.in(classes), "test", "local[2]", settings)
                    .get("spark.sql.catalogImplementation", "");
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void aConfiguredMetastoreIsTheCatalog() throws Exception {
        Map<String, String> glue = Map.of(
                "spark.hadoop.hive.metastore.client.factory.class",
                "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory");
        assertThat(catalog(folder, glue)).as("a Spark without Hive").isEmpty();
        for (String name :
                List.of("org/apache/spark/sql/hive/HiveSessionStateBuilder", "org/apache/hadoop/hive/conf/HiveConf")) {
            Path file = folder.resolve(name + ".class");
            Files.createDirectories(file.getParent());
            Files.createFile(file);
        }
        assertThat(catalog(folder, Map.of())).as("no metastore").isEmpty();
        assertThat(catalog(folder, glue)).isEqualTo("hive");

        Files.createFile(folder.resolve("hive-site.xml"));
        assertThat(catalog(folder, Map.of())).isEqualTo("hive");
        assertThat(catalog(folder, Map.of("spark.sql.catalogImplementation", "in-memory")))
                .as("the user's choice")
                .isEqualTo("in-memory");
    }
}
