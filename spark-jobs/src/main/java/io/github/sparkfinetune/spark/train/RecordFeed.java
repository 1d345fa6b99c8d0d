package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Driver's end of the {@link RecordAccumulator}. Passes each record to the consumer once, in order, however often the
 * record arrives. A later attempt repeats the records since its checkpoint. Records of steps that were passed on are
 * dropped, and so are late records of an earlier attempt.
 */
final class RecordFeed {
    private final Consumer<TrainingRecord> consumer;
    private int attempt;
    private long nextNumber;
    private long lastStep;
    private boolean lastWasEval;
    private String slowExecutor;
    private RuntimeException failure;

    RecordFeed(Consumer<TrainingRecord> consumer) {
        this.consumer = consumer;
    }

    /** Accepts the entries of a heartbeat; returns false if the consumer has failed. */
    synchronized boolean accept(List<RecordAccumulator.Entry> entries) {
        for (RecordAccumulator.Entry entry : entries) {
            if (failure == null && isNext(entry)) {
                slowExecutor = entry.slowExecutor() == null ? slowExecutor : entry.slowExecutor();
                try {
                    consumer.accept(entry.record());
                } catch (RuntimeException e) {
                    failure = e;
                }
            }
        }
        return failure == null;
    }

    /** Returns the step of the newest record that was passed on, or 0. */
    synchronized long lastStep() {
        return lastStep;
    }

    /** Returns the executor of a rank for which the others of the newest attempt wait, or empty. */
    synchronized Optional<String> slowExecutor() {
        return Optional.ofNullable(slowExecutor);
    }

    /** Throws the exception of the consumer, if it failed. */
    synchronized void rethrow() {
        if (failure != null) {
            throw failure;
        }
    }

    private boolean isNext(RecordAccumulator.Entry entry) {
        if (entry.attempt() > attempt) {
            attempt = entry.attempt();
            nextNumber = 0;
            slowExecutor = null;
        }
        if (entry.attempt() < attempt || entry.number() < nextNumber) {
            return false;
        }
        nextNumber = entry.number() + 1;
        TrainingRecord record = entry.record();
        boolean isEval = record.eval() != null;
        if (record.step() < lastStep || (record.step() == lastStep && (lastWasEval || !isEval))) {
            return false;
        }
        lastStep = record.step();
        lastWasEval = isEval;
        return true;
    }
}
