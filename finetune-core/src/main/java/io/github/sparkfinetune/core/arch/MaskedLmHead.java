package io.github.sparkfinetune.core.arch;

import java.util.Map;

/**
 * What a family calls the parts of its masked language model's head: a dense layer, an activation, a layer norm, and
 * the decoder, which maps to logits over the vocabulary and whose weight is mostly the embedding table.
 *
 * @param dense full name of the dense layer
 * @param norm full name of the layer norm
 * @param decoder full name of the decoder
 * @param bias full name of the module that the decoder's bias is named after
 * @param activation by its name in {@code transformers}
 */
public record MaskedLmHead(String dense, String norm, String decoder, String bias, String activation) {

    /** One that is called {@code cls.predictions}. */
    public static MaskedLmHead predictions(String activation) {
        String at = "cls.predictions";
        return new MaskedLmHead(at + ".transform.dense", at + ".transform.LayerNorm", at + ".decoder", at, activation);
    }

    /** One that is called {@code lm_head}; its activation is gelu, whatever the layers' is. */
    public static MaskedLmHead lmHead() {
        return new MaskedLmHead("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head", "gelu");
    }

    /** What is computed of each token that is predicted: [M, hidden] → [M, embedding]. */
    HeadSpec head(EncoderShape shape) {
        return new HeadSpec(
                new WeightSpecs()
                        .linear("dense", dense, shape.embedding(), shape.hidden())
                        .layerNorm("norm", norm, shape.embedding())
                        .map(),
                activation,
                0,
                0);
    }

    /** The decoder. */
    Map<String, WeightSpec> projection(EncoderShape shape) {
        return new WeightSpecs()
                .linear(Architecture.PROJECTION, decoder, shape.vocabulary(), shape.embedding(), false)
                .bias(Architecture.PROJECTION, bias, shape.vocabulary())
                .map();
    }
}
