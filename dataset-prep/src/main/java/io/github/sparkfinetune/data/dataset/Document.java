package io.github.sparkfinetune.data.dataset;

import io.github.sparkfinetune.conf.Overlong;
import java.util.Arrays;

/**
 * A document of a language model: a text, or a conversation.
 *
 * @param inputIds token ids, special tokens included
 * @param labels label of each token, {@value Sample#IGNORED} for a token without; not shifted
 * @param truncated true if tokens were dropped to keep the limit
 * @param droppedBecause reason why the document is in no sample; it has no tokens then. Null for a document in a sample
 */
public record Document(int[] inputIds, int[] labels, boolean truncated, DropReason droppedBecause) {

    public Document {
        if (inputIds.length != labels.length) {
            throw new IllegalArgumentException(inputIds.length + " input ids have " + labels.length + " labels");
        }
    }

    /** Creates a document that is in a sample. */
    public Document(int[] inputIds, int[] labels) {
        this(inputIds, labels, false, null);
    }

    /** Returns a document that is in no sample. */
    public static Document dropped(DropReason reason) {
        return new Document(new int[0], new int[0], false, reason);
    }

    /** Returns the number of tokens. */
    public int length() {
        return inputIds.length;
    }

    /** Returns the place of the first token with a label; the number of tokens if no token has a label. */
    public int firstLabel() {
        int first = 0;
        while (first < labels.length && labels[first] == Sample.IGNORED) {
            first++;
        }
        return first;
    }

    /** Returns this document with a label for every token from a place on; a dropped document stays as it is. */
    public Document labelledFrom(int first) {
        int[] all = labels.clone();
        for (int i = first; i < all.length; i++) {
            all[i] = inputIds[i];
        }
        return new Document(inputIds, all, truncated, droppedBecause);
    }

    /**
     * Returns the number of predicted tokens: tokens with a label, except the first token, which nothing comes before.
     */
    public int labelTokens() {
        return labelTokens(labels, 0, labels.length);
    }

    /** Returns the number of labels in [from, to) that are predicted in a document that begins at {@code from}. */
    public static int labelTokens(int[] labels, int from, int to) {
        int count = 0;
        for (int i = from + 1; i < to; i++) {
            count += labels[i] == Sample.IGNORED ? 0 : 1;
        }
        return count;
    }

    /**
     * Returns this document as it is trained on. A document above the limit is cut or dropped. A document without a
     * predicted token is dropped.
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
