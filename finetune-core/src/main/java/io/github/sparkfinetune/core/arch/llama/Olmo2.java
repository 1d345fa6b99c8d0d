package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms.QueryKey;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.Set;

/**
 * OLMo 2, as {@code transformers/models/olmo2/modeling_olmo2.py} computes it: Llama whose norms follow the halves of a
 * layer, with a norm over all queries and another norm over all keys.
 */
public final class Olmo2 extends Llama {
    private static final Defaults DEFAULTS = new Defaults("hidden_act", "silu", 1e-5, false, 1);

    /** @param config configuration with the keys of {@code Olmo2Config} */
    public Olmo2(HfConfig config) {
        super(
                config,
                new LlamaParts(
                        Biases.attention(config.flag(false, "attention_bias")),
                        new Norms(false, true, QueryKey.ALL_HEADS),
                        false,
                        headWidth(config),
                        DEFAULTS));
    }

    @Override
    public Set<HeadKind> heads() {
        return Set.of(HeadKind.CAUSAL_LM, HeadKind.EMBEDDING);
    }

    @Override
    String classPrefix() {
        return "Olmo2";
    }

    @Override
    public Optional<GgufNames> gguf() {
        return Optional.of(ggufNames("olmo2", Set.of()));
    }
}
