package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.Set;

/**
 * Qwen 2 and 2.5, as {@code transformers/models/qwen2/modeling_qwen2.py} computes them: Llama with biases on queries,
 * keys and values.
 */
public final class Qwen2 extends Llama {
    private final HfConfig config;

    /** @param config configuration with the keys of {@code Qwen2Config} */
    public Qwen2(HfConfig config) {
        super(config, LlamaParts.of(new Biases(true, false, false), headWidth(config)));
        this.config = config;
    }

    @Override
    String classPrefix() {
        return "Qwen2";
    }

    @Override
    public void requireSupported() {
        super.requireSupported();
        QwenWindow.refuse(config);
    }

    @Override
    public Optional<GgufNames> gguf() {
        return Optional.of(ggufNames("qwen2", Set.of()));
    }
}
