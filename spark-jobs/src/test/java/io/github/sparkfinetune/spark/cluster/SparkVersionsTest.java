package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.executor.ExecutorMetrics;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import scala.Option;
import scala.Tuple2;
import scala.Tuple4;
import scala.collection.JavaConverters;
import scala.collection.Seq;

class SparkVersionsTest {
    @ParameterizedTest
    @CsvSource({
        "3.5.0, 2.12.18",
        "3.5.0-vendor.7, 2.12.18",
        "3.5.1, 2.12.18",
        "3.5.9, 2.13.8",
        "3.5.1-amzn-0, 2.12.18",
        "4.0.0, 2.13.16",
        "4.3.0-preview1, 2.13.17"
    })
    void acceptsSupportedVersions(String spark, String scala) {
        assertThatCode(() -> SparkVersions.require(spark, scala)).doesNotThrowAnyException();
        assertThatCode(SparkVersions::require).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
        "3.4.4, 2.12.17, this is Spark 3.4.4: use 3.5.1 to 4.x",
        "5.0.0, 3.4.0, this is Spark 5.0.0: use 3.5.1 to 4.x",
        "3.5.1, 2.11.12, this Spark 3.5.1 is built with Scala 2.11.12: use one with Scala 2.13 or 2.12",
        "4.0.0, 3.3.0, this Spark 4.0.0 is built with Scala 3.3.0: use one with Scala 2.13",
    })
    void refusesOtherVersions(String spark, String scala, String message) {
        assertThatThrownBy(() -> SparkVersions.require(spark, scala))
                .isInstanceOf(RunException.class)
                .hasMessage(message);
    }

    @Test
    void listsTheExecutorsOfARunningSession() {
        try (SparkSession session = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            SparkContext spark = session.sparkContext();
            assertThat(SparkVersions.executors(spark))
                    .extracting(ExecutorSummary::id)
                    .containsExactly("driver");
            assertThat(SparkVersions.scala()).isEqualTo("2.12");
        }
    }

    @Test
    void listsTheUpdatesOfAllTasks() {
        Seq<AccumulableInfo> updates = sequence(info(1), info(2));
        SparkListenerExecutorMetricsUpdate update =
                new SparkListenerExecutorMetricsUpdate("1", tasks(updates, sequence(info(3))), none());
        assertThat(SparkVersions.updates(update))
                .extracting(AccumulableInfo::id)
                .containsExactly(1L, 2L, 3L);
    }

    @Test
    void keepsTheExitCode() {
        assertThat(SparkVersions.exit(3).exitCode()).isEqualTo(3);
    }

    private static AccumulableInfo info(long id) {
        return new AccumulableInfo(id, Option.empty(), Option.empty(), Option.empty(), true, true, Option.empty());
    }

    @SafeVarargs
    private static Seq<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> tasks(Seq<AccumulableInfo>... updates) {
        List<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> tasks = new ArrayList<>();
        for (Seq<AccumulableInfo> each : updates) {
            tasks.add(new Tuple4<>(0L, 0, 0, each));
        }
        return JavaConverters.asScalaBuffer(tasks).toSeq();
    }

    private static Seq<AccumulableInfo> sequence(AccumulableInfo... elements) {
        return JavaConverters.asScalaBuffer(List.of(elements)).toSeq();
    }

    private static scala.collection.Map<Tuple2<Object, Object>, ExecutorMetrics> none() {
        return JavaConverters.mapAsScalaMap(Map.of());
    }

    @Test
    void asksSparkWhetherItGivesAStageItsOwnCores() {
        SparkVersions.requireStageResources(() -> true, "yarn");

        assertThatThrownBy(() -> SparkVersions.requireStageResources(
                        () -> {
                            throw new SparkException("TaskResourceProfiles are only supported for Standalone");
                        },
                        "yarn"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(
                        "cannot give a stage its own cores on yarn (TaskResourceProfiles are only supported"
                                + " for Standalone): use Spark 3.5.1 or later");
    }
}
