package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.node.NullNode;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.data.hf.HfConfig;

/** Configurations of golden models, unchanged or with one changed key. */
public final class Configs {
    private Configs() {}

    /** Returns the configuration of a golden model. */
    public static HfConfig golden(String model) {
        return HfConfig.read(GoldenFiles.root().resolve("models").resolve(model));
    }

    /**
     * Returns the configuration with another value of a key.
     *
     * @param value null removes the key
     */
    public static HfConfig golden(String model, String key, Object value) {
        return golden(model).with(key, value);
    }

    /** Returns the configuration with one key set to JSON's null. */
    public static HfConfig withNull(String model, String key) {
        return golden(model).with(key, NullNode.getInstance());
    }
}
