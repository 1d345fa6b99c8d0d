package io.github.sparkfinetune.spark.train;

import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;

/** Counts the attempts of the stages of a session. */
final class AttemptCounter extends SparkListener {
    private int most;

    @Override
    public synchronized void onStageSubmitted(SparkListenerStageSubmitted submitted) {
        most = Math.max(most, 1 + submitted.stageInfo().attemptNumber());
    }

    /** Returns the attempts of the stage with the most attempts. */
    synchronized int most() {
        return most;
    }
}
