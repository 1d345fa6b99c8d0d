package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.data.hf.HfConfig;

/** An encoder whose facts are in a configuration; the part that all families read alike. */
public abstract class ConfiguredEncoder implements EncoderArchitecture {
    /** The configuration, by its family's keys. */
    protected final HfConfig config;
    /** Sizes and rates of the configuration. */
    protected final ModelShape shape;

    /** @param shape sizes and rates of the configuration */
    protected ConfiguredEncoder(HfConfig config, ModelShape shape) {
        this.config = config;
        this.shape = shape;
    }

    @Override
    public final String modelType() {
        return config.modelType();
    }

    @Override
    public final ModelShape shape() {
        return shape;
    }

    @Override
    public final boolean isTied() {
        return config.flag(true, "tie_word_embeddings");
    }
}
