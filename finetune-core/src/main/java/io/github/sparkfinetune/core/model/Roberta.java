package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.data.hf.HfConfig;

/** RoBERTa, as {@code transformers/models/roberta/modeling_roberta.py} computes it. */
final class Roberta extends Bert {

    @Override
    public String modelType() {
        return "roberta";
    }

    @Override
    public String className() {
        return "Roberta";
    }

    /** Positions count from the padding id + 1; the rows up to there are for padding. */
    @Override
    public EncoderShape shape(HfConfig config) {
        return EncoderShape.of(config, true, config.padTokenId().orElse(1) + 1, true);
    }

    @Override
    public HeadShape head(HeadKind kind, HfConfig config) {
        if (kind != HeadKind.SEQUENCE_CLASSIFICATION) {
            return super.head(kind, config);
        }
        double dropout = config.classifierDropout();
        return new HeadShape(
                EncoderArchitecture.pairs("dense", "classifier.dense", "classifier", "classifier.out_proj"),
                "tanh",
                dropout,
                dropout);
    }
}
