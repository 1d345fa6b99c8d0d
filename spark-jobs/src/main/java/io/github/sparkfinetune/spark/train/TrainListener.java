package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.spark.cluster.SparkVersions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.TaskEndReason;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listener for the ranks of one training run: their records, and the causes of failed attempts. */
final class TrainListener extends SparkListener {
    private static final Logger LOG = LoggerFactory.getLogger(TrainListener.class);

    private final String jobGroup;
    private final long accumulator;
    private final RecordFeed feed;
    private final Runnable onFeedFailure;
    private final Set<Integer> stages = new HashSet<>();
    private final List<String> failures = new ArrayList<>();
    private final Map<Long, SparkListenerTaskStart> running = new HashMap<>();
    private long idleSince = System.nanoTime();
    private String lastLoss;
    /** Stage and attempt of the failures. */
    private List<Integer> failedAttempt = List.of();

    private int failed;
    private boolean lossOfTheCluster;

    /**
     * @param jobGroup Spark job group of the run
     * @param accumulator id of the run's {@link RecordAccumulator}
     * @param onFeedFailure called when the feed's consumer has failed
     */
    TrainListener(String jobGroup, long accumulator, RecordFeed feed, Runnable onFeedFailure) {
        this.jobGroup = jobGroup;
        this.accumulator = accumulator;
        this.feed = feed;
        this.onFeedFailure = onFeedFailure;
    }

    @Override
    public synchronized void onStageSubmitted(SparkListenerStageSubmitted submitted) {
        if (submitted.properties() != null
                && jobGroup.equals(submitted.properties().getProperty("spark.jobGroup.id"))) {
            stages.add(submitted.stageInfo().stageId());
        }
    }

    @Override
    public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
        for (AccumulableInfo info : SparkVersions.updates(update)) {
            if (info.id() == accumulator && info.update().isDefined()) {
                accept(info.update().get());
            }
        }
    }

    @Override
    public synchronized void onTaskStart(SparkListenerTaskStart start) {
        if (stages.contains(start.stageId())) {
            running.put(start.taskInfo().taskId(), start);
        }
    }

    @Override
    public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
        lastLoss = "executor " + removed.executorId() + " was lost: " + firstLine(removed.reason());
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        if (!stages.contains(end.stageId())) {
            return;
        }
        if (running.remove(end.taskInfo().taskId()) != null && running.isEmpty()) {
            idleSince = System.nanoTime();
        }
        String why = describe(end.reason());
        if (why == null) {
            return;
        }
        List<Integer> attempt = List.of(end.stageId(), end.stageAttemptId());
        if (!attempt.equals(failedAttempt)) {
            failures.clear();
            failedAttempt = attempt;
            failed++;
            lossOfTheCluster = false;
        }
        lossOfTheCluster |= end.reason() instanceof ExecutorLostFailure lost && !lost.exitCausedByApp();
        String failure =
                "task " + end.taskInfo().index() + " on " + end.taskInfo().host() + ": " + why;
        failures.add(failure);
        LOG.warn("attempt {} failed: {}", end.stageAttemptId(), failure);
    }

    /** Starts to measure the time without a running task. */
    synchronized void watchFromNow() {
        idleSince = System.nanoTime();
    }

    /** Returns the time since the last task of the run ended; 0 while a task is running. */
    synchronized long idleNanos() {
        return running.isEmpty() ? System.nanoTime() - idleSince : 0;
    }

    /** Returns the largest number of ranks of the newest attempt on one executor. */
    synchronized int mostOnOneExecutor() {
        int newest = running.values().stream()
                .mapToInt(SparkListenerTaskStart::stageAttemptId)
                .max()
                .orElse(0);
        return running.values().stream()
                .filter(start -> start.stageAttemptId() == newest)
                .collect(Collectors.groupingBy(start -> start.taskInfo().executorId(), Collectors.counting()))
                .values()
                .stream()
                .mapToInt(Long::intValue)
                .max()
                .orElse(0);
    }

    /** Returns which executor was lost last, and why; null if none was lost. */
    synchronized String lastLoss() {
        return lastLoss;
    }

    /** Returns what ended the ranks of the last failed attempt, in the order in which Spark received the failures. */
    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    /** Returns the number of failed attempts. */
    synchronized int failedAttempts() {
        return failed;
    }

    /** Returns whether the cluster took an executor of the last failed attempt away, for example for other users. */
    synchronized boolean isLossOfTheCluster() {
        return lossOfTheCluster;
    }

    /** Returns the executors on which tasks of the run are running. */
    synchronized Set<String> executors() {
        return running.values().stream()
                .map(start -> start.taskInfo().executorId())
                .collect(Collectors.toSet());
    }

    @SuppressWarnings("unchecked")
    private void accept(Object entries) {
        if (!feed.accept((List<RecordAccumulator.Entry>) entries)) {
            onFeedFailure.run();
        }
    }

    private static String describe(TaskEndReason reason) {
        if (reason instanceof ExceptionFailure failure) {
            return failure.className().replaceAll(".*\\.", "") + ": " + failure.description();
        }
        if (reason instanceof ExecutorLostFailure lost) {
            return "its executor " + lost.execId() + " was lost"
                    + (lost.reason().isDefined()
                            ? " (" + firstLine(lost.reason().get()) + ")"
                            : "");
        }
        return null;
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
