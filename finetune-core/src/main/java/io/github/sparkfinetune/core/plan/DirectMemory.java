package io.github.sparkfinetune.core.plan;

/**
 * Part of a rank's memory that Java counts as direct memory, in bytes. By default a process may have as much direct
 * memory as heap.
 *
 * @param shared weights in 4 bits, once per process
 * @param own dropout masks of each rank, and buffers for 4-bit weights that it gathers
 * @param copies host copies of each rank on a GPU: widened weights and data that the ranks exchange
 */
public record DirectMemory(long shared, long own, long copies) {
    /** Returns the direct memory of several ranks in one process. */
    public long ofProcess(int ranks, boolean onGpu) {
        return shared + ranks * (own + (onGpu ? copies : 0));
    }
}
