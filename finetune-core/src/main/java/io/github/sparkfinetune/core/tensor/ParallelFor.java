package io.github.sparkfinetune.core.tensor;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** A parallel loop in which each thread takes the next unit until none is left. */
public final class ParallelFor {
    private ParallelFor() {}

    /**
     * Runs the body for each unit from 0, and returns when all units are done.
     *
     * @param units number of units; a unit should be some microseconds of work
     * @param threads maximum number of threads, including the caller's. The other threads are PyTorch's, or without
     *     PyTorch those of the common pool
     */
    public static void run(long units, int threads, LongConsumer body) {
        AtomicLong next = new AtomicLong();
        Runnable member = () -> {
            for (long unit = next.getAndIncrement(); unit < units; unit = next.getAndIncrement()) {
                body.accept(unit);
            }
        };
        if (threads <= 1 || units <= 1) {
            member.run();
        } else if (!OpenMp.run(threads, member)) {
            IntStream.range(0, threads).parallel().forEach(thread -> member.run());
        }
    }
}
