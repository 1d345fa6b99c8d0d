package io.github.sparkfinetune.core.quant;

import java.util.stream.LongStream;

/** Work on a range of units, cut into one slice a thread. */
final class Slices {

    /** Works on the units [from, to). */
    interface Body {
        void run(long from, long to);
    }

    private Slices() {}

    /**
     * Runs the body over all units and returns when all is done.
     *
     * @param units how many there are
     * @param least units that are worth a thread of their own
     * @param threads at most, the caller's included; the others are the common pool's
     */
    static void run(long units, long least, int threads, Body body) {
        long slices = Math.min(Math.max(1, threads), Math.max(1, units / least));
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
