package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.RunException;
import java.util.Optional;

/** Finds a model's weights in a checkpoint, which may be of a bare model, without a head, or have older names. */
public final class StoredNames {
    private final TensorSource source;
    private final String prefix;

    /** @param prefix of the weights below the head, which a checkpoint without a head lacks */
    public StoredNames(TensorSource source, String prefix) {
        this.source = source;
        this.prefix = prefix;
    }

    /** The checkpoint's name of a weight, empty where it has none. */
    public Optional<String> find(String name) {
        // TensorFlow's first BERT checkpoints call a norm's weight gamma and its bias beta.
        String older = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        for (String candidate : new String[] {name, older}) {
            String bare = candidate.startsWith(prefix) ? candidate.substring(prefix.length()) : candidate;
            if (source.names().contains(candidate)) {
                return Optional.of(candidate);
            } else if (source.names().contains(bare)) {
                return Optional.of(bare);
            }
        }
        return Optional.empty();
    }

    /**
     * The checkpoint's name of a weight.
     *
     * @throws RunException where it has none
     */
    public String require(String name) {
        return find(name)
                .orElseThrow(() -> RunException.data("the model's weights have no tensor " + name
                        + " (nor under its older names): is this a checkpoint of the architecture in config.json?"));
    }
}
