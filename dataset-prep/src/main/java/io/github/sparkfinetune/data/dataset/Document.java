package io.github.sparkfinetune.data.dataset;

import io.github.sparkfinetune.conf.DataConfig.Overlong;
import java.util.Arrays;

/**
 * One document of a language model: a text, or a conversation.
 *
 * @param inputIds token ids, special tokens included
 * @param labels label of each token, {@value Sample#IGNORED} where there is none; not shifted
 * @param truncated whether tokens were dropped to keep the limit
 * @param droppedBecause why it is in no sample, without tokens then; or null
 */
public record Document(int[] inputIds, int[] labels, boolean truncated, DropReason droppedBecause) {

    public Document {
        if (inputIds.length != labels.length) {
            throw new IllegalArgumentException(inputIds.length + " input ids have " + labels.length + " labels");
        }
    }

    /** A document as it was tokenized. */
    public Document(int[] inputIds, int[] labels) {
        this(inputIds, labels, false, null);
    }

    /** A document that is in no sample. */
    public static Document dropped(DropReason reason) {
        return new Document(new int[0], new int[0], false, reason);
    }

    /** Number of tokens. */
    public int length() {
        return inputIds.length;
    }

    /** Place of the first token with a label; the number of tokens where none has one. */
    public int firstLabel() {
        int first = 0;
        while (first < labels.length && labels[first] == Sample.IGNORED) {
            first++;
        }
        return first;
    }

    /** The same document with a label for every token from a place on, as far as it is not dropped. */
    public Document labelledFrom(int first) {
        int[] all = labels.clone();
        for (int i = first; i < all.length; i++) {
            all[i] = inputIds[i];
        }
        return new Document(inputIds, all, truncated, droppedBecause);
    }

    /** Number of tokens that are predicted: those with a label, but for the first one, which nothing comes before. */
    public int labelTokens() {
        return labelTokens(labels, 0, labels.length);
    }

    /** Labels in [from, to) that are predicted where a document begins at {@code from}. */
    public static int labelTokens(int[] labels, int from, int to) {
        int count = 0;
        for (int i = from + 1; i < to; i++) {
            count += labels[i] == Sample.IGNORED ? 0 : 1;
        }
        return count;
    }

    /**
     * What is left of it as a document to train on: cut or dropped above the limit, and dropped where nothing is
     * predicted.
     *
     * @param maxLength most tokens
     */
    public Document limited(int maxLength, Overlong overlong) {
        if (droppedBecause != null) {
            return this;
        }
        boolean longer = length() > maxLength;
        if (longer && overlong == Overlong.DROP) {
            return dropped(DropReason.OVERLONG);
        }
        Document cut = longer
                ? new Document(Arrays.copyOf(inputIds, maxLength), Arrays.copyOf(labels, maxLength), true, null)
                : this;
        if (cut.labelTokens() > 0) {
            return cut;
        }
        return dropped(labelTokens() > 0 ? DropReason.LABELS_CUT_OFF : DropReason.NO_LABELLED_TOKEN);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Document that
                && Arrays.equals(inputIds, that.inputIds)
                && Arrays.equals(labels, that.labels)
                && truncated == that.truncated
                && droppedBecause == that.droppedBecause;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(inputIds) + Arrays.hashCode(labels);
    }

    @Override
    public String toString() {
        return droppedBecause == null ? "Document[length=" + length() + "]" : "Document[" + droppedBecause + "]";
    }
}
