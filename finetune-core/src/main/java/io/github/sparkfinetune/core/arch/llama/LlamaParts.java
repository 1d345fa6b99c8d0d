package io.github.sparkfinetune.core.arch.llama;

/**
 * In what the families with Llama's layer differ.
 *
 * @param biases linears that have one
 * @param norms of a layer
 * @param fused whether queries, keys and values are one linear, and the two factors of the feed-forward part another
 * @param headWidth width of a head where {@code head_dim} is not given
 * @param defaults where {@code config.json} is silent
 */
record LlamaParts(Biases biases, Norms norms, boolean fused, int headWidth, Defaults defaults) {

    /**
     * Linears with a bias.
     *
     * @param queryKeyValue queries, keys and values
     * @param output the attention's output
     * @param feedForward the three of the feed-forward part
     */
    record Biases(boolean queryKeyValue, boolean output, boolean feedForward) {
        static final Biases NONE = attention(false);

        /** Of the attention's linears alone, where {@code has} says so. */
        static Biases attention(boolean has) {
            return new Biases(has, has, false);
        }
    }

    /**
     * A layer's norms.
     *
     * @param before whether there is one before each half
     * @param after whether there is one behind each half, before what it gives is added
     * @param queryKey of queries and keys
     */
    record Norms(boolean before, boolean after, QueryKey queryKey) {
        static final Norms BEFORE = new Norms(true, false, QueryKey.NONE);

        /** Of queries and keys: none, one over each head, one over all heads together. */
        enum QueryKey {
            NONE,
            HEAD,
            ALL_HEADS
        }
    }

    /**
     * What counts where {@code config.json} does not say it: what the family's configuration class in transformers has.
     *
     * @param activationKey what it calls the activation
     * @param activation its name
     * @param epsilon of the norms
     * @param tied whether the embedding table also maps hidden states to logits
     * @param paddingId the padding token, or -1 for none
     */
    record Defaults(String activationKey, String activation, double epsilon, boolean tied, int paddingId) {
        static final Defaults LLAMA = new Defaults("hidden_act", "silu", 1e-6, false, -1);
    }

    /** Llama's own, but for biases. */
    static LlamaParts of(Biases biases, int headWidth) {
        return new LlamaParts(biases, Norms.BEFORE, false, headWidth, Defaults.LLAMA);
    }
}
