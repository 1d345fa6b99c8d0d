package io.github.sparkfinetune.core.predict;

/**
 * Samples [from, to) of a split.
 *
 * @param split name of the split
 */
public record Stretch(String split, long from, long to) {
    public Stretch {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException(split + ": samples " + from + " to " + to);
        }
    }

    /** Returns the number of samples. */
    public long size() {
        return to - from;
    }
}
