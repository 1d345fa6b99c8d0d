package io.github.sparkfinetune.core.arch.llama;

/**
 * In what the families with Llama's layer differ.
 *
 * @param queryKeyValueBias whether queries, keys and values have a bias
 * @param outputBias whether the attention's output has one
 * @param mlpBias whether the feed-forward part's linears have one
 * @param headNorms whether the heads of queries and keys are normed
 * @param headWidth width of a head where {@code head_dim} is not given
 * @param slidingWindow tokens a token sees, itself included, or 0 for all before it
 */
record LlamaParts(
        boolean queryKeyValueBias,
        boolean outputBias,
        boolean mlpBias,
        boolean headNorms,
        int headWidth,
        int slidingWindow) {}
