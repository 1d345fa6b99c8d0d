package io.github.sparkfinetune.core.arch.xlmroberta;

import io.github.sparkfinetune.core.arch.roberta.Roberta;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * XLM-RoBERTa, as {@code transformers/models/xlm_roberta/modeling_xlm_roberta.py} computes it: RoBERTa, its weights'
 * names included, with a vocabulary of many languages.
 */
public final class XlmRoberta extends Roberta {
    /** @param config configuration with the keys of {@code XLMRobertaConfig} */
    public XlmRoberta(HfConfig config) {
        super(config);
    }

    @Override
    public String classPrefix() {
        return "XLMRoberta";
    }
}
