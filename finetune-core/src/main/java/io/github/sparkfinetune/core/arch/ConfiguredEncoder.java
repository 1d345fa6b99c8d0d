package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.data.hf.HfConfig;

/** An encoder whose facts stand in a configuration: what every family reads of it alike. */
public abstract class ConfiguredEncoder implements EncoderArchitecture {
    /** The configuration, by its family's keys. */
    protected final HfConfig config;
    /** What it says of sizes and rates. */
    protected final EncoderShape shape;

    /** @param shape read of the configuration */
    protected ConfiguredEncoder(HfConfig config, EncoderShape shape) {
        this.config = config;
        this.shape = shape;
    }

    @Override
    public final String modelType() {
        return config.modelType();
    }

    @Override
    public final EncoderShape shape() {
        return shape;
    }

    @Override
    public final boolean isTied() {
        return config.flag(true, "tie_word_embeddings");
    }
}
