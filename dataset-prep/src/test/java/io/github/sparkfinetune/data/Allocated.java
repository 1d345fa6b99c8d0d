package io.github.sparkfinetune.data;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Bytes that a computation allocates: a measure of work that is the same on every machine. */
public final class Allocated {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocated() {}

    /** Returns the bytes that this thread allocates in the second of two runs; the first one loads classes. */
    public static long by(Runnable computation) {
        computation.run();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        computation.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
