package io.github.sparkfinetune.core.tensor;

import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** A loop whose range is cut into slices, of which each thread takes one more until none is left. */
public final class ParallelFor {

    /** Works on the units [from, to). */
    public interface Body {
        void run(long from, long to);
    }

    private ParallelFor() {}

    /**
     * Runs the body over all units and returns when all is done.
     *
     * @param units how many there are
     * @param grainSize units of a slice
     * @param threads at most, the caller's included; the others are PyTorch's, or without it the common pool's
     */
    public static void run(long units, long grainSize, int threads, Body body) {
        AtomicLong next = new AtomicLong();
        Runnable member = () -> {
            for (long from = next.getAndAdd(grainSize); from < units; from = next.getAndAdd(grainSize)) {
                body.run(from, Math.min(from + grainSize, units));
            }
        };
        if (threads <= 1 || units <= grainSize) {
            member.run();
        } else if (!OpenMp.run(threads, member)) {
            IntStream.range(0, threads).parallel().forEach(thread -> member.run());
        }
    }
}
