package io.github.sparkfinetune.core.arch;

/**
 * Extents of a micro-batch.
 *
 * @param samples number of samples
 * @param length tokens of each, padding included
 */
public record BatchShape(long samples, long length) {
    /** Tokens of all samples. */
    public long tokens() {
        return samples * length;
    }
}
