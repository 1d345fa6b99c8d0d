package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.Timer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DriverExitTest {
    /** {@code submit/stock-spark} with {@code PYSPARK=3.5.1} ends runs whose driver has such a thread. */
    @Test
    void knowsTheThreadThatKeepsADriverAlive() {
        Timer left = new Timer("BarrierCoordinator barrier epoch increment timer");
        Timer daemon = new Timer("BarrierCoordinator barrier epoch increment timer", true);
        try {
            Set<Thread> timers = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("BarrierCoordinator"))
                    .collect(Collectors.toSet());
            assertThat(DriverExit.remains(timers)).isTrue();
            timers.removeIf(thread -> !thread.isDaemon());
            assertThat(timers).isNotEmpty();
            assertThat(DriverExit.remains(timers)).isFalse();
        } finally {
            left.cancel();
            daemon.cancel();
        }
    }

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
