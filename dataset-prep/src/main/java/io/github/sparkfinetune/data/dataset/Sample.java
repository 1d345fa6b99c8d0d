package io.github.sparkfinetune.data.dataset;

import java.util.Arrays;
import java.util.Objects;

/**
 * One tokenized sample: a text with one label, or documents with a label a token.
 *
 * @param index its place in the split's storage order, which no cluster and no epoch changes; randomness that belongs
 *     to a sample (dropout) is derived from it
 * @param inputIds token ids, special tokens included, not padded
 * @param tokenTypeIds 0 for the first text, 1 for the second, as long as {@code inputIds}
 * @param label id of its label, or -1 where it has none
 * @param labels of each token, {@value #IGNORED} where there is none, not shifted; empty where tokens have none at all
 * @param documents tokens of each document, in order: attention never crosses them and positions start anew; their sum
 *     is the sample's length
 */
public record Sample(long index, int[] inputIds, int[] tokenTypeIds, int label, int[] labels, int[] documents) {
    /** Label of a token that takes no part in the loss. */
    public static final int IGNORED = -100;

    public Sample {
        if (inputIds.length == 0 || inputIds.length != tokenTypeIds.length) {
            throw new IllegalArgumentException("sample " + index + " has " + inputIds.length + " input ids and "
                    + tokenTypeIds.length + " token type ids");
        }
        if (labels.length != 0 && labels.length != inputIds.length) {
            throw new IllegalArgumentException(
                    "sample " + index + " has " + inputIds.length + " input ids and " + labels.length + " labels");
        }
        if (Arrays.stream(documents).anyMatch(length -> length < 1)
                || Arrays.stream(documents).sum() != inputIds.length) {
            throw new IllegalArgumentException("sample " + index + " has " + inputIds.length
                    + " input ids and documents of " + Arrays.toString(documents));
        }
    }

    /** A text, or a pair of texts, with one label. */
    public Sample(long index, int[] inputIds, int[] tokenTypeIds, int label) {
        this(index, inputIds, tokenTypeIds, label, new int[0], new int[] {inputIds.length});
    }

    /** Documents whose tokens have labels. */
    public static Sample ofDocuments(long index, int[] inputIds, int[] labels, int... documents) {
        return new Sample(index, inputIds, new int[inputIds.length], -1, labels, documents);
    }

    /** Number of tokens. */
    public int length() {
        return inputIds.length;
    }

    /**
     * Number of tokens that are predicted: those with a label, but for the first of each document, which nothing comes
     * before.
     */
    public int labelTokens() {
        int count = 0;
        int from = 0;
        for (int length : labels.length == 0 ? labels : documents) {
            count += Document.labelTokens(labels, from, from + length);
            from += length;
        }
        return count;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sample that
                && index == that.index
                && label == that.label
                && Arrays.equals(inputIds, that.inputIds)
                && Arrays.equals(tokenTypeIds, that.tokenTypeIds)
                && Arrays.equals(labels, that.labels)
                && Arrays.equals(documents, that.documents);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                index,
                label,
                Arrays.hashCode(inputIds),
                Arrays.hashCode(tokenTypeIds),
                Arrays.hashCode(labels),
                Arrays.hashCode(documents));
    }

    @Override
    public String toString() {
        return "Sample[index=" + index + ", label=" + label + ", length=" + inputIds.length + ", documents="
                + documents.length + "]";
    }
}
