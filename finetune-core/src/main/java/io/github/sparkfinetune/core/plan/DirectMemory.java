package io.github.sparkfinetune.core.plan;

/**
 * Part of a rank's memory that Java counts as direct memory, in bytes. By default a process may have as much direct
 * memory as heap.
 *
 * @param shared weights in 4 bits, once per process
 * @param onCpu of each rank on the CPU: dropout masks, and buffers for 4-bit weights that it gathers
 * @param onGpu of each rank on a GPU: these buffers, and host copies of widened weights and of data that the ranks
 *     exchange
 */
public record DirectMemory(long shared, long onCpu, long onGpu) {
    /** Returns the direct memory of several ranks in one process. */
    public long ofProcess(int ranks, boolean areOnGpus) {
        return shared + ranks * (areOnGpus ? onGpu : onCpu);
    }

    /** Returns this memory with more of it in each rank. */
    DirectMemory and(long more) {
        return new DirectMemory(shared, onCpu + more, onGpu + more);
    }
}
