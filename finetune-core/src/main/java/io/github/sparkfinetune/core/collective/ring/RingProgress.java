package io.github.sparkfinetune.core.collective.ring;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When ranks last got further, as far as this one knows. A heartbeat carries how often its sender has, by which those
 * that it is connected to know it, and the age of the youngest progress that the sender knows of, by which all others
 * do: an age only grows on its way, so that no rank's waiting can pass for progress. For the ring's thread alone, but
 * for {@link #add}.
 */
final class RingProgress {
    private final AtomicLong own = new AtomicLong();
    private long ownBefore;
    private long youngest = System.nanoTime();

    /** This rank has got further; from any thread. */
    void add() {
        own.incrementAndGet();
    }

    /** Some rank got further at this time. */
    void at(long time) {
        youngest = Math.max(youngest, time);
    }

    /** Nanoseconds since any rank got further. */
    long idleNanos(long now) {
        look(now);
        return now - youngest;
    }

    /** The sign of life that is due. */
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

    /** Takes note of a peer's heartbeat. */
    void heard(Peer peer, Frame heartbeat, long now) {
        if (peer.gotFurther(heartbeat.part().total(), now)) {
            at(now);
        }
        at(now - TimeUnit.MILLISECONDS.toNanos(heartbeat.part().block()));
    }

    private void look(long now) {
        long count = own.get();
        if (count != ownBefore) {
            ownBefore = count;
            at(now);
        }
    }
}
