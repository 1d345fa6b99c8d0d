package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A tokenized sample: a text with the label to predict, or documents with a label for each token. A sample without
 * tokens is an erased one: it keeps its index, so that the order of the others stays, and is never read by a model.
 *
 * @param index place in the split's storage order, which depends on neither cluster nor epoch. Random values of a
 *     sample (dropout) are derived from it
 * @param inputIds token ids, special tokens included, not padded
 * @param tokenTypeIds 0 for the first text, 1 for the second, as long as {@code inputIds}
 * @param label id of the sample's label, or -1 for a sample without
 * @param labels label of each token, {@value #IGNORED} for a token without, not shifted; empty if no token can have a
 *     label
 * @param documents number of tokens of each document, in order. Attention never crosses documents, and positions start
 *     anew in each. Their sum is the sample's length
 * @param targets prediction target of the whole text if it is not one label: 1 for each label of the text and 0 for the
 *     others, in the order of their ids, or one number; empty otherwise
 * @param window part of its row that the sample is
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
        if (inputIds.length != tokenTypeIds.length) {
            throw new IllegalArgumentException("sample " + index + " has " + inputIds.length + " input ids and "
                    + tokenTypeIds.length + " token type ids");
        }
        if (labels.length != 0 && labels.length != inputIds.length) {
            throw new IllegalArgumentException(
                    "sample " + index + " has " + inputIds.length + " input ids and " + labels.length + " labels");
        }
        if (inputIds.length == 0 && (label >= 0 || targets.length > 0 || !window.equals(Window.WHOLE))) {
            throw new IllegalArgumentException("sample " + index + " has no tokens, but a label or a row");
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

    /** Creates a sample of a text, or of a pair of texts, with one label. */
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

    /** Creates a sample of documents whose tokens have labels. */
    public static Sample ofDocuments(long index, int[] inputIds, int[] labels, int... documents) {
        return new Sample(
                index, inputIds, new int[inputIds.length], -1, labels, documents, new double[0], Window.WHOLE);
    }

    /** Creates a sample of consecutive documents whose tokens have labels. */
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

    /** Creates a sample whose documents are erased. */
    public static Sample erased(long index) {
        return ofDocuments(index, new int[0], new int[0]);
    }

    /** Returns whether all documents of the sample are erased. */
    public boolean isErased() {
        return inputIds.length == 0;
    }

    /** Returns this sample without some of its documents. */
    public Sample without(Set<Integer> erased) {
        int[] kept = IntStream.range(0, documents.length)
                .filter(number -> !erased.contains(number))
                .toArray();
        if (kept.length == 0) {
            return erased(index);
        }
        List<Sample> parts = Arrays.stream(kept).mapToObj(this::document).toList();
        return new Sample(
                index,
                joined(parts, Sample::inputIds),
                joined(parts, Sample::tokenTypeIds),
                label,
                joined(parts, Sample::labels),
                joined(parts, Sample::documents),
                targets,
                window);
    }

    private static int[] joined(List<Sample> parts, Function<Sample, int[]> values) {
        return parts.stream()
                .flatMapToInt(part -> Arrays.stream(values.apply(part)))
                .toArray();
    }

    /** Returns this sample with another index. */
    public Sample at(long place) {
        return new Sample(place, inputIds, tokenTypeIds, label, labels, documents, targets, window);
    }

    /** Returns this sample with a label. */
    public Sample withLabel(int id) {
        return new Sample(index, inputIds, tokenTypeIds, id, labels, documents, targets, window);
    }

    /** Returns this sample with a label for each token. */
    public Sample withLabels(int... tokenLabels) {
        return new Sample(index, inputIds, tokenTypeIds, label, tokenLabels, documents, targets, window);
    }

    /**
     * Returns this sample with other tokens, as many as before.
     *
     * @param otherIds ids of the tokens
     * @param tokenLabels label of each token
     */
    public Sample withTokens(int[] otherIds, int[] tokenLabels) {
        return new Sample(index, otherIds, tokenTypeIds, label, tokenLabels, documents, targets, window);
    }

    /** Returns this sample with prediction targets. */
    public Sample withTargets(double... values) {
        return new Sample(index, inputIds, tokenTypeIds, label, labels, documents, values, window);
    }

    /** Returns one document as a sample; label and targets are those of the whole sample. */
    public Sample document(int number) {
        int from = start(number);
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

    /** Returns a number that is equal for documents of equal tokens, and for no others in practice. */
    public long documentId(int number) {
        int from = start(number);
        long id = documents[number];
        for (int t = from; t < from + documents[number]; t++) {
            id = Seeds.fold(id, inputIds[t]);
        }
        return id;
    }

    /** Returns the place of a document's first token. */
    private int start(int number) {
        return Arrays.stream(documents, 0, number).sum();
    }

    /** Returns this sample as a part of its row. */
    public Sample with(Window part) {
        return new Sample(index, inputIds, tokenTypeIds, label, labels, documents, targets, part);
    }

    /** Returns the number of tokens. */
    public int length() {
        return inputIds.length;
    }

    /** Returns whether this sample is a window of the same row as the sample before. */
    public boolean continuesRow() {
        return window.number() > 0;
    }

    /** Groups samples by row; windows of a row follow each other. */
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

    /** Returns the number of tokens with a label. */
    public int labelledTokens() {
        int count = 0;
        for (int tokenLabel : labels) {
            count += tokenLabel == IGNORED ? 0 : 1;
        }
        return count;
    }

    /**
     * Returns the number of tokens that a language model predicts: tokens with a label, except the first token of each
     * document, which nothing comes before.
     */
    public int labelTokens() {
        return Arrays.stream(labelTokensOfDocuments()).sum();
    }

    /** Returns the number of predicted tokens of each document, as {@link #labelTokens()} counts them. */
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
