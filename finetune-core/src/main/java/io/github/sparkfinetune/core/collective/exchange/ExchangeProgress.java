package io.github.sparkfinetune.core.collective.exchange;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Time of the ranks' last progress, as far as this rank knows. A heartbeat carries the number of its sender's progress
 * reports, for the sender's peers. It also carries the age of the latest progress that the sender knows of, for all
 * other ranks. An age only grows on its way, so that a waiting rank cannot appear to make progress. Only the exchange's
 * thread may use it, except {@link #add}.
 */
final class ExchangeProgress {
    private final AtomicLong own = new AtomicLong();
    private long previousOwn;
    private long youngest = System.nanoTime();

    /** Reports progress of this rank; any thread may call it. */
    void add() {
        own.incrementAndGet();
    }

    /** Records progress of some rank at a time. */
    void at(long time) {
        youngest = Math.max(youngest, time);
    }

    /** Returns the nanoseconds since any rank's progress. */
    long idleNanos(long now) {
        update(now);
        return now - youngest;
    }

    /** Returns the next heartbeat. */
    Frame heartbeat(int rank, long sequence, long now) {
        long age = TimeUnit.NANOSECONDS.toMillis(idleNanos(now));
        return new Frame(
                Frame.Kind.HEARTBEAT,
                0,
                rank,
                0,
                sequence,
                new Frame.Part(own.get(), (int) Math.min(age, Integer.MAX_VALUE), 0, 0));
    }

    /** Records a peer's heartbeat. */
    void heard(Peer peer, Frame heartbeat, long now) {
        if (peer.hasProgressed(heartbeat.part().total(), now)) {
            at(now);
        }
        at(now - TimeUnit.MILLISECONDS.toNanos(heartbeat.part().block()));
    }

    private void update(long now) {
        long count = own.get();
        if (count != previousOwn) {
            previousOwn = count;
            at(now);
        }
    }
}
