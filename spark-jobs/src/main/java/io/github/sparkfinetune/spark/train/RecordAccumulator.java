package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.apache.spark.util.AccumulatorV2;

/**
 * Carries rank 0's latest records to the driver: Spark sends the value of a running task's accumulators with each
 * heartbeat of its executor. Sends every record over and over for {@link #KEPT}, so that lost heartbeats lose none, and
 * then forgets it, so that a heartbeat stays small however long the run.
 */
final class RecordAccumulator extends AccumulatorV2<RecordAccumulator.Entry, List<RecordAccumulator.Entry>> {
    /** Above two times {@code spark.network.timeout}'s default, after which Spark gives a silent executor up. */
    private static final long KEPT = Duration.ofMinutes(4).toNanos();

    /**
     * @param attempt attempt at the stage, from 0
     * @param number place among the attempt's records, from 0
     * @param madeAt {@link System#nanoTime()} where it was made
     */
    record Entry(int attempt, long number, long madeAt, TrainingRecord record) implements Serializable {}

    /** Concurrent, because the heartbeat serialises it while the training adds to it. */
    private final ConcurrentLinkedDeque<Entry> entries = new ConcurrentLinkedDeque<>();

    @Override
    public boolean isZero() {
        return entries.isEmpty();
    }

    @Override
    public AccumulatorV2<Entry, List<Entry>> copy() {
        RecordAccumulator copy = new RecordAccumulator();
        copy.entries.addAll(entries);
        return copy;
    }

    @Override
    public void reset() {
        entries.clear();
    }

    @Override
    public void add(Entry entry) {
        Entry oldest = entries.peekFirst();
        while (oldest != null && entry.madeAt() - oldest.madeAt() > KEPT) {
            entries.pollFirst();
            oldest = entries.peekFirst();
        }
        entries.addLast(entry);
    }

    @Override
    public void merge(AccumulatorV2<Entry, List<Entry>> other) {
        entries.addAll(other.value());
    }

    @Override
    public List<Entry> value() {
        return List.copyOf(entries);
    }
}
