package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/** DistilBERT, as {@code transformers/models/distilbert/modeling_distilbert.py} computes it. */
final class DistilBert implements EncoderArchitecture {

    @Override
    public String modelType() {
        return "distilbert";
    }

    @Override
    public String className() {
        return "DistilBert";
    }

    @Override
    public EncoderShape shape(HfConfig config) {
        return EncoderShape.of(config, false, 0, false);
    }

    @Override
    public Map<String, String> embeddings() {
        String at = prefix() + "embeddings.";
        Map<String, String> names = new LinkedHashMap<>();
        names.put("position.weight", at + "position_embeddings.weight");
        EncoderArchitecture.pair(names, "norm", at + "LayerNorm");
        return names;
    }

    @Override
    public Map<String, String> layer(int layer) {
        String at = prefix() + "transformer.layer." + layer + ".";
        return EncoderArchitecture.pairs(
                "query", at + "attention.q_lin",
                "key", at + "attention.k_lin",
                "value", at + "attention.v_lin",
                "attention_output", at + "attention.out_lin",
                "attention_norm", at + "sa_layer_norm",
                "intermediate", at + "ffn.lin1",
                "output", at + "ffn.lin2",
                "output_norm", at + "output_layer_norm");
    }

    @Override
    public HeadShape head(HeadKind kind, HfConfig config) {
        return switch (kind) {
            case SEQUENCE_CLASSIFICATION ->
                new HeadShape(
                        EncoderArchitecture.pairs("dense", "pre_classifier", "classifier", "classifier"),
                        "relu",
                        0,
                        config.seqClassifDropout());
            case TOKEN_CLASSIFICATION ->
                new HeadShape(EncoderArchitecture.pairs("classifier", "classifier"), "", 0, config.hiddenDropout());
        };
    }
}
