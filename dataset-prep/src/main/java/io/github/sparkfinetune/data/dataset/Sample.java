package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * One tokenized sample: a text with what it is to be told as, or documents with a label a token.
 *
 * @param index its place in the split's storage order, which no cluster and no epoch changes; randomness that belongs
 *     to a sample (dropout) is derived from it
 * @param inputIds token ids, special tokens included, not padded
 * @param tokenTypeIds 0 for the first text, 1 for the second, as long as {@code inputIds}
 * @param label id of its label, or -1 where it has none
 * @param labels of each token, {@value #IGNORED} where there is none, not shifted; empty where tokens have none at all
 * @param documents tokens of each document, in order: attention never crosses them and positions start anew; their sum
 *     is the sample's length
 * @param targets what the whole text is to be told as where that is not one label: 1 for each label that it has and 0
 *     for the others, in the order of their ids, or one number; empty otherwise
 * @param window what it is of its row
 */
public record Sample(
        long index,
        int[] inputIds,
        int[] tokenTypeIds,
        int label,
        int[] labels,
        int[] documents,
        double[] targets,
        Window window)
        implements Serializable {
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
        if (window.offsets().length != 0 && window.offsets().length != 2 * inputIds.length) {
            throw new IllegalArgumentException("sample " + index + " has " + inputIds.length + " input ids and "
                    + window.offsets().length + " offsets");
        }
    }

    /** A text, or a pair of texts, with one label. */
    public Sample(long index, int[] inputIds, int[] tokenTypeIds, int label) {
        this(
                index,
                inputIds,
                tokenTypeIds,
                label,
                new int[0],
                new int[] {inputIds.length},
                new double[0],
                Window.WHOLE);
    }

    /** Documents whose tokens have labels. */
    public static Sample ofDocuments(long index, int[] inputIds, int[] labels, int... documents) {
        return new Sample(
                index, inputIds, new int[inputIds.length], -1, labels, documents, new double[0], Window.WHOLE);
    }

    /** Documents side by side, whose tokens have labels. */
    public static Sample ofDocuments(long index, List<Document> documents) {
        return ofDocuments(
                index,
                documents.stream()
                        .flatMapToInt(document -> Arrays.stream(document.inputIds()))
                        .toArray(),
                documents.stream()
                        .flatMapToInt(document -> Arrays.stream(document.labels()))
                        .toArray(),
                documents.stream().mapToInt(Document::length).toArray());
    }

    /** The same sample with another index. */
    public Sample at(long place) {
        return new Sample(place, inputIds, tokenTypeIds, label, labels, documents, targets, window);
    }

    /** The same sample with a label of its own. */
    public Sample withLabel(int id) {
        return new Sample(index, inputIds, tokenTypeIds, id, labels, documents, targets, window);
    }

    /** The same tokens with a label each. */
    public Sample withLabels(int... tokenLabels) {
        return new Sample(index, inputIds, tokenTypeIds, label, tokenLabels, documents, targets, window);
    }

    /**
     * The same place with other tokens, as many as before.
     *
     * @param otherIds the tokens' ids
     * @param tokenLabels a label each
     */
    public Sample withTokens(int[] otherIds, int[] tokenLabels) {
        return new Sample(index, otherIds, tokenTypeIds, label, tokenLabels, documents, targets, window);
    }

    /** The same text, to be told as these. */
    public Sample withTargets(double... told) {
        return new Sample(index, inputIds, tokenTypeIds, label, labels, documents, told, window);
    }

    /** One of its documents as a sample, told as the whole is. */
    public Sample document(int number) {
        int from = 0;
        for (int before = 0; before < number; before++) {
            from += documents[before];
        }
        int to = from + documents[number];
        return new Sample(
                index,
                Arrays.copyOfRange(inputIds, from, to),
                Arrays.copyOfRange(tokenTypeIds, from, to),
                label,
                labels.length == 0 ? labels : Arrays.copyOfRange(labels, from, to),
                new int[] {documents[number]},
                targets,
                window);
    }

    /** The same sample as a part of its row. */
    public Sample with(Window part) {
        return new Sample(index, inputIds, tokenTypeIds, label, labels, documents, targets, part);
    }

    /** Number of tokens. */
    public int length() {
        return inputIds.length;
    }

    /** Whether it is a window of the row that the sample before is a window of. */
    public boolean continuesRow() {
        return window.number() > 0;
    }

    /** The samples of each row, those of a row one after the other. */
    public static List<List<Sample>> rows(List<Sample> samples) {
        List<List<Sample>> rows = new ArrayList<>();
        for (Sample sample : samples) {
            if (!sample.continuesRow()) {
                rows.add(new ArrayList<>());
            }
            rows.get(rows.size() - 1).add(sample);
        }
        return rows;
    }

    /** Number of tokens with a label. */
    public int labelledTokens() {
        int count = 0;
        for (int tokenLabel : labels) {
            count += tokenLabel == IGNORED ? 0 : 1;
        }
        return count;
    }

    /**
     * Number of tokens that a language model predicts: those with a label, but for the first of each document, which
     * nothing comes before.
     */
    public int labelTokens() {
        return Arrays.stream(labelTokensOfDocuments()).sum();
    }

    /** The same of each document. */
    public int[] labelTokensOfDocuments() {
        int[] counts = new int[documents.length];
        int from = 0;
        for (int i = 0; labels.length > 0 && i < documents.length; i++) {
            counts[i] = Document.labelTokens(labels, from, from + documents[i]);
            from += documents[i];
        }
        return counts;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sample that
                && index == that.index
                && label == that.label
                && Arrays.equals(inputIds, that.inputIds)
                && Arrays.equals(tokenTypeIds, that.tokenTypeIds)
                && Arrays.equals(labels, that.labels)
                && Arrays.equals(documents, that.documents)
                && Arrays.equals(targets, that.targets)
                && window.equals(that.window);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                index,
                label,
                Arrays.hashCode(inputIds),
                Arrays.hashCode(tokenTypeIds),
                Arrays.hashCode(labels),
                Arrays.hashCode(documents),
                Arrays.hashCode(targets),
                window);
    }

    @Override
    public String toString() {
        return "Sample[index=" + index + ", label=" + label + ", length=" + inputIds.length + ", documents="
                + documents.length + "]";
    }
}
