package io.github.sparkfinetune.data;

import java.util.Arrays;
import java.util.Objects;

/**
 * One tokenized sample.
 *
 * @param index its place in the split's storage order, which no cluster and no epoch changes; randomness that belongs
 *     to a sample (dropout) is derived from it
 * @param inputIds token ids, special tokens included, not padded
 * @param tokenTypeIds 0 for the first text, 1 for the second, as long as {@code inputIds}
 * @param label id of its label, or -1 where it has none (prediction)
 */
public record Sample(long index, int[] inputIds, int[] tokenTypeIds, int label) {

    public Sample {
        if (inputIds.length == 0 || inputIds.length != tokenTypeIds.length) {
            throw new IllegalArgumentException("sample " + index + " has " + inputIds.length + " input ids and "
                    + tokenTypeIds.length + " token type ids");
        }
    }

    /** Number of tokens. */
    public int length() {
        return inputIds.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sample that
                && index == that.index
                && label == that.label
                && Arrays.equals(inputIds, that.inputIds)
                && Arrays.equals(tokenTypeIds, that.tokenTypeIds);
    }

    @Override
    public int hashCode() {
        return Objects.hash(index, label, Arrays.hashCode(inputIds), Arrays.hashCode(tokenTypeIds));
    }

    @Override
    public String toString() {
        return "Sample[index=" + index + ", label=" + label + ", length=" + inputIds.length + "]";
    }
}
