package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.LocalSparkCluster;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class PlacementTest {
    @TempDir
    Path folder;

    @Test
    void readsTheCoresOfAnExecutorOnAStandaloneCluster() {
        SparkConf workers = new SparkConf(false).set("spark.master.rest.enabled", "false");
        LocalSparkCluster cluster = LocalSparkCluster.apply(1, 2, 1024, workers);
        RunConfig config = Runs.in(folder, "cluster.ranks=1");
        Map<String, String> settings = Map.of(
                "spark.ui.enabled", "false",
                "spark.driver.host", "127.0.0.1",
                "spark.driver.bindAddress", "127.0.0.1",
                "spark.executor.memory", "512m",
                "spark.executorEnv.SPARK_SCALA_VERSION", "2.12",
                "spark.executor.extraClassPath", System.getProperty("java.class.path"));
        try (SparkSession spark = SparkSessions.open(config, "test", cluster.start()[0], settings)) {
            // As in evaluate and predict: at once, while the executor still starts.
            Placement placement = Placement.of(spark.sparkContext(), config, 1);

            assertThat(placement.cpus()).isEqualTo(2);
        } finally {
            cluster.stop();
        }
    }

    @Test
    void spreadsRanksOverFewerExecutorsWithTheSameThreads() {
        Placement full = new Placement(4, 0, 1, false, List.of());

        assertThat(full.over(8, 8)).contains(full);
        assertThat(full.over(9, 8)).contains(full);
        assertThat(full.over(6, 8)).contains(new Placement(2, 4, 2, false, List.of()));
        assertThat(full.over(4, 8)).contains(new Placement(2, 4, 2, false, List.of()));
        assertThat(full.over(3, 8))
                .as("room for four, because no number of cores allows just three")
                .contains(new Placement(1, 4, 4, false, List.of()));
        assertThat(full.over(2, 8)).contains(new Placement(1, 4, 4, false, List.of()));
        assertThat(full.over(1, 8)).as("more ranks than cores").isEmpty();
        assertThat(full.over(0, 8)).isEmpty();
        assertThat(new Placement(4, 0, 1, true, List.of()).over(7, 8))
                .as("a GPU each")
                .isEmpty();
    }

    @Test
    void refusesExecutorsWithRoomForTwoRanks() {
        Placement placement = new Placement(4, 0, 1, false, List.of());

        assertThatCode(() -> placement.requireNoRoomForMore(List.of(4, 7))).doesNotThrowAnyException();
        assertThatThrownBy(() -> placement.requireNoRoomForMore(List.of(4, 8)))
                .isInstanceOf(RunException.class)
                .hasMessage("executors have from 4 to 8 cores, so that ranks would share one and leave others idle: add"
                        + " --conf spark.executor.cores=4");
    }
}
