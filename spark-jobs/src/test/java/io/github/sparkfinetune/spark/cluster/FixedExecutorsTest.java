package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FixedExecutorsTest {
    private final RunConfig run = Runs.in(Path.of("/folder"), "cluster.ranks=4");

    @ParameterizedTest
    @CsvSource({"0, 4", "2, 4", "6, 6"})
    void replacesAPlatformsDynamicAllocationByAnExecutorForEachRank(int configured, int expected) {
        SparkConf spark = conf("yarn", true);
        if (configured > 0) {
            spark.set("spark.executor.instances", Integer.toString(configured));
        }

        assertThat(FixedExecutors.settings(spark, run, 1))
                .isEqualTo(Map.of(
                        "spark.dynamicAllocation.enabled",
                        "false",
                        "spark.executor.instances",
                        Integer.toString(expected)));
    }

    @Test
    void countsTheRanksOfAnExecutorWithSeveralGpus() {
        SparkConf spark = conf("k8s://https://api:6443", true).set("spark.executor.resource.gpu.amount", "2");

        assertThat(FixedExecutors.settings(spark, run, 1)).containsEntry("spark.executor.instances", "2");
    }

    @Test
    void leavesOtherSessionsAlone() {
        assertThat(FixedExecutors.settings(conf("yarn", false), run, 1)).isEmpty();
        // The workers of a standalone cluster decide on the number of executors.
        assertThat(FixedExecutors.settings(conf("spark://host:7077", true), run, 1))
                .isEqualTo(Map.of("spark.dynamicAllocation.enabled", "false"));
    }

    private static SparkConf conf(String master, boolean isDynamic) {
        return new SparkConf(false)
                .set("spark.master", master)
                .set("spark.dynamicAllocation.enabled", Boolean.toString(isDynamic));
    }
}
