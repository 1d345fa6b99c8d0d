package io.github.sparkfinetune.core.tensor.cuda;

/**
 * Functions of CUDA's runtime for pinned host memory, which a GPU reads and writes while the processor goes on. Memory
 * and events are their handles. A call throws a {@link CudaException} if it fails.
 */
public interface HostMemory {
    /** Allocates pinned memory; returns its address. */
    long allocate(long bytes);

    /** Frees pinned memory. */
    void free(long address);

    /** Creates an event. */
    long createEvent();

    /** Frees an event. */
    void destroyEvent(long event);

    /** Makes an event happen when PyTorch's operators so far are done. */
    void record(long event);

    /** Returns whether an event has happened. */
    boolean hasHappened(long event);
}
