package io.github.sparkfinetune.core.arch.llama;

/**
 * Parts in which the families with Llama's layer differ.
 *
 * @param biases linears that have a bias
 * @param norms norms of a layer
 * @param fused whether queries, keys and values are one linear, and the two factors of the feed-forward part another
 * @param headWidth width of a head if {@code head_dim} is missing
 * @param defaults defaults of {@code config.json}
 */
record LlamaParts(Biases biases, Norms norms, boolean fused, int headWidth, Defaults defaults) {

    /**
     * Linears with a bias.
     *
     * @param queryKeyValue whether queries, keys and values have biases
     * @param output whether the attention's output has a bias
     * @param feedForward whether the three linears of the feed-forward part have biases
     */
    record Biases(boolean queryKeyValue, boolean output, boolean feedForward) {
        static final Biases NONE = attention(false);

        /** Returns biases for all of the attention's linears or for none, and none for the feed-forward part. */
        static Biases attention(boolean has) {
            return new Biases(has, has, false);
        }
    }

    /**
     * A layer's norms.
     *
     * @param before whether a norm precedes each half
     * @param after whether a norm follows each half, before its output is added
     * @param queryKey norms of queries and keys
     */
    record Norms(boolean before, boolean after, QueryKey queryKey) {
        static final Norms BEFORE = new Norms(true, false, QueryKey.NONE);

        /** Norms of queries and keys: none, one over each head, or one over all heads together. */
        enum QueryKey {
            NONE,
            HEAD,
            ALL_HEADS
        }
    }

    /**
     * Defaults of {@code config.json} in the family's configuration class of transformers.
     *
     * @param activationKey key of the activation
     * @param activation name of the activation
     * @param epsilon epsilon of the norms
     * @param tied whether the embedding table also maps hidden states to logits
     * @param paddingId id of the padding token, or -1 for none
     */
    record Defaults(String activationKey, String activation, double epsilon, boolean tied, int paddingId) {
        static final Defaults LLAMA = new Defaults("hidden_act", "silu", 1e-6, false, -1);
    }

    /** Returns Llama's parts with other biases. */
    static LlamaParts of(Biases biases, int headWidth) {
        return new LlamaParts(biases, Norms.BEFORE, false, headWidth, Defaults.LLAMA);
    }
}
