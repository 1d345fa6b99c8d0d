package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms.QueryKey;
import java.util.Map;

/**
 * Names and shapes of the weights of the families with Llama's layer.
 *
 * @param prefix prefix of the names
 * @param shape sizes of the model
 * @param parts parts in which the families differ
 */
record LlamaWeights(String prefix, ModelShape shape, LlamaParts parts) {

    /** Returns the token embedding. */
    WeightSpec table() {
        return new WeightSpec(
                prefix + "embed_tokens.weight", WeightSpec.Kind.EMBEDDING, shape.vocabulary(), shape.hidden());
    }

    /** Returns the weights of a layer by their names in the script. */
    Map<String, WeightSpec> layer(int layer) {
        String at = prefix + "layers." + layer + ".";
        WeightSpecs weights = new WeightSpecs();
        attention(weights, at + "self_attn.");
        feedForward(weights, at + "mlp.");
        norms(weights, at, shape.hidden());
        return weights.map();
    }

    private void attention(WeightSpecs weights, String at) {
        int hidden = shape.hidden();
        boolean bias = parts.biases().queryKeyValue();
        if (parts.fused()) {
            int all = shape.queryWidth() + 2 * shape.keyWidth();
            weights.linear("qkv_proj", at + "qkv_proj", all, hidden, bias);
        } else {
            weights.linear("q_proj", at + "q_proj", shape.queryWidth(), hidden, bias)
                    .linear("k_proj", at + "k_proj", shape.keyWidth(), hidden, bias)
                    .linear("v_proj", at + "v_proj", shape.keyWidth(), hidden, bias);
        }
        boolean output = parts.biases().output();
        weights.linear("o_proj", at + "o_proj", hidden, shape.queryWidth(), output);
        if (parts.norms().queryKey() != QueryKey.NONE) {
            boolean each = parts.norms().queryKey() == QueryKey.HEAD;
            weights.rmsNorm("q_norm", at + "q_norm", each ? shape.headWidth() : shape.queryWidth())
                    .rmsNorm("k_norm", at + "k_norm", each ? shape.headWidth() : shape.keyWidth());
        }
    }

    private void feedForward(WeightSpecs weights, String at) {
        int hidden = shape.hidden();
        int wide = shape.intermediate();
        boolean bias = parts.biases().feedForward();
        if (parts.fused()) {
            weights.linear("gate_up_proj", at + "gate_up_proj", 2 * wide, hidden, bias);
        } else {
            weights.linear("gate_proj", at + "gate_proj", wide, hidden, bias)
                    .linear("up_proj", at + "up_proj", wide, hidden, bias);
        }
        weights.linear("down_proj", at + "down_proj", hidden, wide, bias);
    }

    /**
     * Adds the norms before and after the halves. Without norms after the halves, the norm before the feed-forward part
     * is named after the attention that it follows.
     */
    private void norms(WeightSpecs weights, String at, int hidden) {
        boolean before = parts.norms().before();
        boolean after = parts.norms().after();
        if (before) {
            weights.rmsNorm("input_layernorm", at + "input_layernorm", hidden);
        }
        if (after) {
            weights.rmsNorm("post_attention_layernorm", at + "post_attention_layernorm", hidden);
        }
        if (before) {
            String name = after ? "pre_feedforward_layernorm" : "post_attention_layernorm";
            weights.rmsNorm("pre_feedforward_layernorm", at + name, hidden);
        }
        if (after) {
            weights.rmsNorm("post_feedforward_layernorm", at + "post_feedforward_layernorm", hidden);
        }
    }

    /** Returns the norm after the last layer. */
    Map<String, WeightSpec> lastNorm() {
        return new WeightSpecs()
                .rmsNorm("norm", prefix + "norm", shape.hidden())
                .map();
    }
}
