package io.github.sparkfinetune.core.plan;

/**
 * The part of a rank's memory that Java counts as direct memory, of which a process may have as much as its heap by
 * default; bytes.
 *
 * @param shared weights in four bits, which the ranks of a process have once
 * @param own dropout masks, of each rank
 * @param copies of each rank on a GPU: what passes through the host, stored weights that are widened and what the ranks
 *     exchange
 */
public record DirectMemory(long shared, long own, long copies) {
    /** Adds up what some ranks in one process take. */
    public long ofProcess(int ranks, boolean onGpu) {
        return shared + ranks * (own + (onGpu ? copies : 0));
    }
}
