package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class DriverExitTest {
    @Test
    void knowsThatYarnRepeatsADriverInClusterMode() {
        Map<String, String> cluster = Map.of("spark.master", "yarn", "spark.submit.deployMode", "cluster");
        Map<String, String> once =
                Map.of("spark.master", "yarn", "spark.submit.deployMode", "cluster", "spark.yarn.maxAppAttempts", "1");

        assertThat(DriverExit.isRepeated(cluster::get)).isTrue();
        assertThat(DriverExit.isRepeated(once::get)).isFalse();
        assertThat(DriverExit.isRepeated(Map.of("spark.master", "yarn")::get)).isFalse();
        assertThat(DriverExit.isRepeated(Map.of("spark.master", "local[2]")::get))
                .isFalse();
    }
}
