package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.Arrays;
import java.util.Optional;

/** Names of a model's weights in a checkpoint, which may lack a head and its prefix or have older names. */
public final class StoredNames {
    private static final String TEXT_PART = "language_model.";

    private final TensorSource source;
    private final String prefix;

    /** @param prefix prefix of the weights below the head, which a checkpoint without a head lacks */
    public StoredNames(TensorSource source, String prefix) {
        this.source = source;
        this.prefix = prefix;
    }

    /**
     * Returns a stored tensor's name in the class into which transformers loads it. Checkpoints of multimodal models
     * keep the names of older classes, see {@code _checkpoint_conversion_mapping} in transformers.
     */
    static String loaded(String stored) {
        if (!stored.startsWith(TEXT_PART)) {
            return stored;
        }
        String inside = stored.substring(TEXT_PART.length());
        return inside.startsWith("model.") ? "model." + TEXT_PART + inside.substring("model.".length()) : inside;
    }

    /** Returns the checkpoint's name of a weight, or empty if the checkpoint lacks it. */
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

    /** Returns whether the checkpoint has a weight in a shape. */
    public boolean has(String name, long[] shape) {
        return find(name)
                .filter(stored -> Arrays.equals(source.info(stored).shape(), shape))
                .isPresent();
    }

    /**
     * Returns the checkpoint's name of a weight.
     *
     * @throws RunException if the checkpoint lacks the weight
     */
    public String require(String name) {
        return find(name)
                .orElseThrow(() -> RunException.data("the model's weights have no tensor " + name
                        + " (nor under its older names): is this a checkpoint of the architecture in config.json?"));
    }

    /**
     * Checks the shape of a tensor of the checkpoint.
     *
     * @param stored name of the tensor in the checkpoint
     * @throws RunException if the tensor has another shape
     */
    public void requireShape(String stored, long[] shape) {
        long[] actual = source.info(stored).shape();
        if (!Arrays.equals(actual, shape)) {
            throw wrongShape(source.fileOf(stored), stored, actual, shape);
        }
    }

    /**
     * Returns the error of a tensor whose shape contradicts config.json.
     *
     * @param where file or other source of the tensor, for the message
     */
    public static RunException wrongShape(String where, String name, long[] actual, long[] expected) {
        return RunException.data(where + ": tensor " + name + " has shape " + Arrays.toString(actual)
                + ", config.json requires " + Arrays.toString(expected));
    }
}
