package io.github.sparkfinetune.core.arch;

/**
 * Sizes of a micro-batch.
 *
 * @param samples number of samples
 * @param length tokens of each sample, padding included
 */
public record BatchShape(long samples, long length) {
    /** Returns the number of tokens of all samples. */
    public long tokens() {
        return samples * length;
    }
}
