package io.github.sparkfinetune.extra.explain;

import java.util.List;

/**
 * Training documents that most support a prediction, and those that most oppose it.
 *
 * @param index place of the row in the input, from 0
 * @param text text of the row
 * @param label label that is explained; null for a task without labels
 * @param supporting documents with positive influence, the highest first
 * @param opposing documents with negative influence, the lowest first
 */
public record Explanation(long index, String text, String label, List<Document> supporting, List<Document> opposing) {
    public Explanation {
        supporting = List.copyOf(supporting);
        opposing = List.copyOf(opposing);
    }

    /**
     * A sample of the training split.
     *
     * @param influence see {@link io.github.sparkfinetune.core.train.Influence}
     * @param sample index of the sample in the split's storage order
     * @param label label of the sample; null for a task without labels
     * @param text text of the sample's tokens
     * @param hash content hash of the document, as {@code trace} shows it; null if the sample is not of one document
     * @param file file of the source that holds the document, or null
     */
    public record Document(double influence, long sample, String label, String text, String hash, String file) {
        /** Returns this document with an influence. */
        Document with(double value) {
            return new Document(value, sample, label, text, hash, file);
        }
    }
}
