package io.github.sparkfinetune.core.arch.electra;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.MaskedLmHead;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.core.arch.bert.Bert;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Map;

/**
 * ELECTRA's discriminator, as {@code transformers/models/electra/modeling_electra.py} computes it: BERT's layers over
 * embeddings that may be narrower and are then widened by a linear; a text's class is told by a head with gelu.
 */
public final class Electra extends Bert {
    private static final int DEFAULT_EMBEDDING = 128;

    /** @param config with the keys of {@code ElectraConfig} */
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

    /** Masked tokens are told by ELECTRA's other model, the generator, whose head and sizes are its own. */
    @Override
    public MaskedLmHead maskedLmHead() {
        throw RunException.data(config.source() + ": model_type " + modelType()
                + " is not supported for masked-lm: that would be its generator");
    }
}
