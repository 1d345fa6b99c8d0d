package io.github.sparkfinetune.core.tensor;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** A loop of which each thread takes one more unit until none is left. */
public final class ParallelFor {
    private ParallelFor() {}

    /**
     * Runs the body for each unit from 0 and returns when all are done.
     *
     * @param units how many there are; each is worth some microseconds of work
     * @param threads at most, the caller's included; the others are PyTorch's, or without it the common pool's
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
