package io.github.sparkfinetune.spark.train;

import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;

/** Counts how often the stages of a session are begun. */
final class AttemptCounter extends SparkListener {
    private int most;

    @Override
    public synchronized void onStageSubmitted(SparkListenerStageSubmitted submitted) {
        most = Math.max(most, 1 + submitted.stageInfo().attemptNumber());
    }

    /** Attempts of the stage that had most. */
    synchronized int most() {
        return most;
    }
}
