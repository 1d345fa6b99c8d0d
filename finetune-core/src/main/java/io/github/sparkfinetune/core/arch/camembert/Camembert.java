package io.github.sparkfinetune.core.arch.camembert;

import io.github.sparkfinetune.core.arch.roberta.Roberta;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * CamemBERT, as {@code transformers/models/camembert/modeling_camembert.py} computes it: RoBERTa, its weights' names
 * included, with a vocabulary of French.
 */
public final class Camembert extends Roberta {
    /** @param config configuration with the keys of {@code CamembertConfig} */
    public Camembert(HfConfig config) {
        super(config);
    }

    @Override
    public String classPrefix() {
        return "Camembert";
    }
}
