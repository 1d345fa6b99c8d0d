package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.core.train.TrainingRecord;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.spark.util.AccumulatorV2;

/**
 * Carries the latest records of rank 0 to the driver. Spark sends the value of a running task's accumulators with each
 * heartbeat of its executor. Every record is sent repeatedly for {@link #KEPT}, so that lost heartbeats lose no record.
 * Then the record is dropped, so that heartbeats of a long run stay small.
 */
final class RecordAccumulator extends AccumulatorV2<RecordAccumulator.Entry, List<RecordAccumulator.Entry>> {
    /** More than twice the default of {@code spark.network.timeout}, after which Spark gives up a silent executor. */
    private static final long KEPT = Duration.ofMinutes(4).toNanos();

    /**
     * @param attempt attempt at the training; later attempts have higher numbers
     * @param number index of the record in the attempt, from 0
     * @param madeAt {@link System#nanoTime()} on the executor when the record was created
     * @param record record of the training
     * @param slowExecutor executor of the record's slow rank, or null
     */
    record Entry(int attempt, long number, long madeAt, TrainingRecord record, String slowExecutor)
            implements Serializable {}

    /**
     * Concurrent, because the heartbeat serializes it while the training adds to it. Spark registers an accumulator for
     * heartbeats while it is deserialized, when this field is still null.
     */
    private volatile ConcurrentLinkedDeque<Entry> entries;

    private synchronized ConcurrentLinkedDeque<Entry> entries() {
        if (entries == null) {
            entries = new ConcurrentLinkedDeque<>();
        }
        return entries;
    }

    /**
     * Returns a consumer that adds the records of an attempt.
     *
     * @param executors executors by rank
     */
    Consumer<TrainingRecord> recorder(int attempt, List<String> executors) {
        AtomicLong number = new AtomicLong();
        return record -> {
            String slow = record.slowRank() == null
                    ? null
                    : executors.get(record.slowRank().rank());
            add(new Entry(attempt, number.getAndIncrement(), System.nanoTime(), record, slow));
        };
    }

    @Override
    public boolean isZero() {
        return entries().isEmpty();
    }

    @Override
    public AccumulatorV2<Entry, List<Entry>> copy() {
        RecordAccumulator copy = new RecordAccumulator();
        copy.entries().addAll(entries());
        return copy;
    }

    @Override
    public void reset() {
        entries().clear();
    }

    @Override
    public void add(Entry entry) {
        Entry oldest = entries().peekFirst();
        while (oldest != null && entry.madeAt() - oldest.madeAt() > KEPT) {
            entries().pollFirst();
            oldest = entries().peekFirst();
        }
        entries().addLast(entry);
    }

    @Override
    public void merge(AccumulatorV2<Entry, List<Entry>> other) {
        entries().addAll(other.value());
    }

    @Override
    public List<Entry> value() {
        return List.copyOf(entries());
    }
}
