package io.github.sparkfinetune.core.task;

/**
 * Next-token loss of a document.
 *
 * @param sum of the cross-entropies of its tokens with a label, in nats
 * @param tokens how many these are; may be 0
 */
public record TokenLoss(double sum, long tokens) {}
