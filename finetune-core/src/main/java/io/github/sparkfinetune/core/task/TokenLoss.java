package io.github.sparkfinetune.core.task;

/**
 * Next-token loss of a document.
 *
 * @param sum sum of the cross-entropies of its tokens with a label, in nats
 * @param tokens number of these tokens; may be 0
 */
public record TokenLoss(double sum, long tokens) {}
