package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.node.NullNode;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.data.hf.HfConfig;

/** Configurations of golden models with a change. */
public final class Configs {
    private Configs() {}

    /** That of a golden model. */
    public static HfConfig golden(String model) {
        return HfConfig.read(GoldenFiles.root().resolve("models").resolve(model));
    }

    /**
     * The same with another value of a key.
     *
     * @param value null removes the key
     */
    public static HfConfig golden(String model, String key, Object value) {
        return golden(model).with(key, value);
    }

    /** The same with one key set to JSON's null. */
    public static HfConfig withNull(String model, String key) {
        return golden(model).with(key, NullNode.getInstance());
    }
}
