package io.github.sparkfinetune.spark.listener;

import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps the events of the runs of tests that report to TensorBoard. */
public final class RecordingListener implements RunListener {
    /** The events, in order. */
    public static final List<String> EVENTS = new CopyOnWriteArrayList<>();

    /** Follows the runs; {@code META-INF/services} names it. */
    public static final class Opener implements RunListener.Opener {
        @Override
        public Optional<ReportTo> reportsTo() {
            return Optional.of(ReportTo.TENSORBOARD);
        }

        @Override
        public Optional<RunListener> open(CommandOnRun command) {
            return Optional.of(new RecordingListener());
        }
    }

    @Override
    public void began(Step step) {
        EVENTS.add("began " + step.command());
    }

    @Override
    public void finished(Step step, Map<String, Map<String, Double>> metrics) {
        EVENTS.add("finished " + step.command() + " " + metrics);
    }

    @Override
    public void failed(Step step, Throwable error) {
        EVENTS.add("failed " + step.command() + " " + error.getMessage());
    }

    @Override
    public void add(TrainingRecord record) {
        EVENTS.add("step " + record.step());
    }

    @Override
    public void add(TrainingResult result) {
        EVENTS.add("trained " + result.steps());
    }

    @Override
    public void end(Status status, List<String> files, Duration patience) {
        EVENTS.add(status + " " + files);
    }
}
