package io.github.sparkfinetune.core.arch;

import java.util.Map;

/**
 * A family's names of the parts of its masked language model head: a dense layer, an activation, a layer norm, and the
 * decoder. The decoder maps to logits over the vocabulary; its weight is usually the embedding table.
 *
 * @param dense full name of the dense layer
 * @param norm full name of the layer norm
 * @param decoder full name of the decoder
 * @param bias full name of the module that the decoder's bias is named after
 * @param activation activation by its name in {@code transformers}
 */
public record MaskedLmHead(String dense, String norm, String decoder, String bias, String activation) {

    /** Returns a head named {@code cls.predictions}. */
    public static MaskedLmHead predictions(String activation) {
        String at = "cls.predictions";
        return new MaskedLmHead(at + ".transform.dense", at + ".transform.LayerNorm", at + ".decoder", at, activation);
    }

    /** Returns a head named {@code lm_head}, whose activation is always gelu. */
    public static MaskedLmHead lmHead() {
        return new MaskedLmHead("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head", "gelu");
    }

    /** Returns the part that computes each masked token's state: [M, hidden] → [M, embedding]. */
    HeadSpec head(ModelShape shape) {
        return new HeadSpec(
                new WeightSpecs()
                        .linear("dense", dense, shape.embedding(), shape.hidden())
                        .layerNorm("norm", norm, shape.embedding())
                        .map(),
                activation,
                0,
                0);
    }

    /** Returns the decoder. */
    Map<String, WeightSpec> lmHead(ModelShape shape) {
        return new WeightSpecs()
                .linear(Architecture.LM_HEAD, decoder, shape.vocabulary(), shape.embedding(), false)
                .bias(Architecture.LM_HEAD, bias, shape.vocabulary())
                .map();
    }
}
