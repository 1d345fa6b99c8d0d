package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Set;
import java.util.TreeSet;

/**
 * Activations that the engine computes, by their names in {@code transformers/activations.py}. {@code gelu} is x·Φ(x);
 * {@code gelu_new} and {@code gelu_pytorch_tanh} are its approximation by tanh. {@code relu} is max(x, 0), and
 * {@code silu} is x / (1 + e<sup>-x</sup>). The formulas and their backwards are in {@code activation.py}.
 */
public final class ActivationNames {
    private static final Set<String> ALL =
            new TreeSet<>(Set.of("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "tanh"));

    private ActivationNames() {}

    /**
     * Refuses an activation that the engine does not compute.
     *
     * @param key key of the configuration that names the activation
     * @throws RunException if the activation is not supported; the message lists the supported ones
     */
    public static void require(HfConfig config, String key, String name) {
        if (!ALL.contains(name)) {
            throw RunException.data(
                    config.source() + ": " + key + " " + name + " is not supported; supported are " + ALL);
        }
    }
}
