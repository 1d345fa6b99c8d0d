package io.github.sparkfinetune.core.arch.roberta;

import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.MaskedLmHead;
import io.github.sparkfinetune.core.arch.bert.Bert;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * RoBERTa, as {@code transformers/models/roberta/modeling_roberta.py} computes it: BERT's layers. Positions count from
 * the padding id + 1; the rows before are for padding. A text's class has a head of its own.
 */
public class Roberta extends Bert {
    /** @param config configuration with the keys of {@code RobertaConfig} */
    public Roberta(HfConfig config) {
        this(config, config.padTokenId().orElse(1));
    }

    private Roberta(HfConfig config, int paddingId) {
        super(config, paddingId, paddingId + 1, config.size("hidden_size"));
    }

    @Override
    public String classPrefix() {
        return "Roberta";
    }

    @Override
    public String prefix() {
        return "roberta.";
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        return sequenceHead("classifier.dense", "classifier.out_proj", classes, "tanh", classifierDropout());
    }

    @Override
    public MaskedLmHead maskedLmHead() {
        return MaskedLmHead.lmHead();
    }
}
