package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import java.util.Properties;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.TaskEndReason;
import org.apache.spark.TaskResultLost$;
import org.apache.spark.executor.ExecutorMetrics;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.Option;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** Failed attempts, as Spark reports them. */
class TrainListenerTest {
    private static final TaskEndReason TAKEN = lost(false);
    private static final TaskEndReason CRASHED = lost(true);

    private final RecordFeed feed = new RecordFeed(record -> {});
    private final TrainListener listener = new TrainListener("train", 0, feed, () -> {});

    private static TaskEndReason lost(boolean exitCausedByApp) {
        return new ExecutorLostFailure("3", exitCausedByApp, Option.apply("gone"));
    }

    private static <T> Seq<T> none() {
        return JavaConverters.asScalaBuffer(List.<T>of());
    }

    @BeforeEach
    void submit() {
        Properties group = new Properties();
        group.setProperty("spark.jobGroup.id", "train");
        for (int stage : new int[] {4, 6}) {
            StageInfo info = new StageInfo(
                    stage, 0, "rank", 2, none(), none(), "", TaskMetrics.empty(), none(), Option.empty(), 0, false, 0);
            listener.onStageSubmitted(new SparkListenerStageSubmitted(info, group));
        }
    }

    private void end(int stage, int attempt, TaskEndReason reason) {
        TaskInfo task = new TaskInfo(1, 0, attempt, 0, 0, "3", "host", TaskLocality.ANY(), false);
        listener.onTaskEnd(new SparkListenerTaskEnd(
                stage, attempt, "ShuffleMapTask", reason, task, new ExecutorMetrics(), TaskMetrics.empty()));
    }

    @Test
    void countsTheFailedAttemptsOfAllJobs() {
        end(4, 0, CRASHED);
        end(4, 0, TAKEN);
        end(4, 1, CRASHED);
        end(6, 0, CRASHED);
        end(5, 0, CRASHED);

        assertThat(listener.failedAttempts()).isEqualTo(3);
        assertThat(listener.failures()).as("of the newest attempt").hasSize(1);
    }

    @Test
    void tellsAnExecutorThatTheClusterTookFromOneThatCrashed() {
        end(4, 0, CRASHED);
        assertThat(listener.isLossOfTheCluster()).isFalse();

        end(4, 1, TAKEN);
        end(4, 1, TaskResultLost$.MODULE$);
        assertThat(listener.isLossOfTheCluster()).isTrue();

        end(6, 0, CRASHED);
        assertThat(listener.isLossOfTheCluster()).isFalse();
    }

    /** The watchdog asks, and the thread that would start the next job asks after it. */
    @Test
    void attemptsWithoutProgressEndTheRunWhoeverAsks() {
        Attempts attempts = new Attempts(listener, feed, () -> "checkpoint-4");
        attempts.begin();
        for (int attempt = 0; attempt < Attempts.FUTILE_ATTEMPTS - 1; attempt++) {
            end(4, attempt, CRASHED);
            attempts.requireProgress();
            attempts.requireProgress();
        }
        end(4, Attempts.FUTILE_ATTEMPTS - 1, CRASHED);

        for (int asked = 0; asked < 2; asked++) {
            assertThatThrownBy(attempts::requireProgress)
                    .isInstanceOf(RunException.class)
                    .hasMessageStartingWith(
                            "training failed after 3 attempt(s), the last 3 without a newer checkpoint: task 0 on host");
        }
    }
}
