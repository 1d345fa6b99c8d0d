package io.github.sparkfinetune.core.quant;

import java.util.stream.LongStream;

/** A loop whose range is cut into one slice a thread, as PyTorch's {@code at::parallel_for}. */
final class ParallelFor {

    /** Works on the units [from, to). */
    interface Body {
        void run(long from, long to);
    }

    private ParallelFor() {}

    /**
     * Runs the body over all units and returns when all is done.
     *
     * @param units how many there are
     * @param grainSize units that are worth a thread of their own
     * @param threads at most, the caller's included; the others are the common pool's
     */
    static void run(long units, long grainSize, int threads, Body body) {
        long slices = Math.min(Math.max(1, threads), Math.max(1, units / grainSize));
        if (slices == 1) {
            body.run(0, units);
            return;
        }
        LongStream.range(0, slices)
                .parallel()
                .forEach(slice -> body.run(bound(units, slices, slice), bound(units, slices, slice + 1)));
    }

    private static long bound(long units, long slices, long slice) {
        return units / slices * slice + Math.min(slice, units % slices);
    }
}
