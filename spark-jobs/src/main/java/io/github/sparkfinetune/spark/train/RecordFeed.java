package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.List;
import java.util.function.Consumer;

/**
 * The driver's end of the {@link RecordAccumulator}: hands each record on once, in order, however often it arrives. A
 * later attempt makes the records since its checkpoint anew; those of a step that was handed on already are dropped,
 * and so is whatever still comes from an attempt before it.
 */
final class RecordFeed {
    private final Consumer<TrainingRecord> consumer;
    private int attempt;
    private long nextNumber;
    private long lastStep;
    private boolean lastWasEval;
    private RuntimeException failure;

    RecordFeed(Consumer<TrainingRecord> consumer) {
        this.consumer = consumer;
    }

    /** Takes what a heartbeat brought; returns false once the consumer has failed. */
    synchronized boolean accept(List<RecordAccumulator.Entry> entries) {
        for (RecordAccumulator.Entry entry : entries) {
            if (failure == null && isNext(entry)) {
                try {
                    consumer.accept(entry.record());
                } catch (RuntimeException e) {
                    failure = e;
                }
            }
        }
        return failure == null;
    }

    /** Step of the newest record that was handed on, or 0. */
    synchronized long lastStep() {
        return lastStep;
    }

    /** Throws what the consumer threw, if it did. */
    synchronized void rethrow() {
        if (failure != null) {
            throw failure;
        }
    }

    private boolean isNext(RecordAccumulator.Entry entry) {
        if (entry.attempt() > attempt) {
            attempt = entry.attempt();
            nextNumber = 0;
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
