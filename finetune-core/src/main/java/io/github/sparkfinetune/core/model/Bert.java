package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/** BERT, as {@code transformers/models/bert/modeling_bert.py} computes it. */
class Bert implements EncoderArchitecture {

    @Override
    public String modelType() {
        return "bert";
    }

    @Override
    public String className() {
        return "Bert";
    }

    @Override
    public EncoderShape shape(HfConfig config) {
        return EncoderShape.of(config, true, 0, true);
    }

    @Override
    public Map<String, String> embeddings() {
        String at = prefix() + "embeddings.";
        Map<String, String> names = new LinkedHashMap<>();
        names.put("position.weight", at + "position_embeddings.weight");
        names.put("type.weight", at + "token_type_embeddings.weight");
        EncoderArchitecture.pair(names, "norm", at + "LayerNorm");
        return names;
    }

    @Override
    public Map<String, String> layer(int layer) {
        String at = prefix() + "encoder.layer." + layer + ".";
        return EncoderArchitecture.pairs(
                "query", at + "attention.self.query",
                "key", at + "attention.self.key",
                "value", at + "attention.self.value",
                "attention_output", at + "attention.output.dense",
                "attention_norm", at + "attention.output.LayerNorm",
                "intermediate", at + "intermediate.dense",
                "output", at + "output.dense",
                "output_norm", at + "output.LayerNorm");
    }

    @Override
    public HeadShape head(HeadKind kind, HfConfig config) {
        double dropout = config.classifierDropout();
        return switch (kind) {
            case SEQUENCE_CLASSIFICATION ->
                new HeadShape(
                        EncoderArchitecture.pairs("dense", prefix() + "pooler.dense", "classifier", "classifier"),
                        "tanh",
                        0,
                        dropout);
            case TOKEN_CLASSIFICATION ->
                new HeadShape(EncoderArchitecture.pairs("classifier", "classifier"), "", 0, dropout);
        };
    }
}
