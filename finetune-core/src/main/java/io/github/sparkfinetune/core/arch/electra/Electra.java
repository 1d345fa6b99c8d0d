package io.github.sparkfinetune.core.arch.electra;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.MaskedLmHead;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.core.arch.bert.Bert;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Map;

/**
 * ELECTRA's discriminator, as {@code transformers/models/electra/modeling_electra.py} computes it: BERT's layers over
 * embeddings that may be narrower, which a linear then widens. The head for a text's class uses gelu.
 */
public final class Electra extends Bert {
    private static final int DEFAULT_EMBEDDING = 128;

    /** @param config configuration with the keys of {@code ElectraConfig} */
    public Electra(HfConfig config) {
        super(config, config.padTokenId().orElse(0), 0, config.sizeOr(DEFAULT_EMBEDDING, "embedding_size"));
    }

    @Override
    public String classPrefix() {
        return "Electra";
    }

    @Override
    public String prefix() {
        return "electra.";
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        WeightSpecs weights = new WeightSpecs(super.embeddings());
        int hidden = shape().hidden();
        int embedding = shape().embedding();
        return embedding == hidden
                ? weights.map()
                : weights.linear("projection", prefix() + "embeddings_project", hidden, embedding)
                        .map();
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        return sequenceHead("classifier.dense", "classifier.out_proj", classes, "gelu", classifierDropout());
    }

    /** Refuses the head: ELECTRA's generator, a model with its own head and sizes, predicts masked tokens. */
    @Override
    public MaskedLmHead maskedLmHead() {
        throw RunException.data(config.source() + ": model_type " + modelType()
                + " is not supported for masked-lm: only ELECTRA's generator predicts masked tokens");
    }
}
