package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.RunException;
import java.util.Arrays;
import java.util.Optional;

/** Finds a model's weights in a checkpoint, which may be of a bare model, without a head, or have older names. */
public final class StoredNames {
    private static final String TEXT_PART = "language_model.";

    private final TensorSource source;
    private final String prefix;

    /** @param prefix of the weights below the head, which a checkpoint without a head lacks */
    public StoredNames(TensorSource source, String prefix) {
        this.source = source;
        this.prefix = prefix;
    }

    /**
     * The name that a tensor of a checkpoint has in the class that transformers loads it into: checkpoints of
     * multimodal models keep the names of the first such classes, as {@code _checkpoint_conversion_mapping} says there.
     */
    static String loaded(String stored) {
        if (!stored.startsWith(TEXT_PART)) {
            return stored;
        }
        String inside = stored.substring(TEXT_PART.length());
        return inside.startsWith("model.") ? "model." + TEXT_PART + inside.substring("model.".length()) : inside;
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

    /** Whether the checkpoint has a weight in this shape. */
    public boolean has(String name, long[] shape) {
        return find(name)
                .filter(stored -> Arrays.equals(source.info(stored).shape(), shape))
                .isPresent();
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

    /**
     * Checks a tensor of the checkpoint.
     *
     * @param stored its name there
     * @throws RunException where it has another shape
     */
    public void requireShape(String stored, long[] shape) {
        long[] actual = source.info(stored).shape();
        if (!Arrays.equals(actual, shape)) {
            throw wrongShape(source.fileOf(stored), stored, actual, shape);
        }
    }

    /**
     * Says that a tensor has not the shape that follows from config.json.
     *
     * @param where the file, or what else it is in
     */
    public static RunException wrongShape(String where, String name, long[] actual, long[] wanted) {
        return RunException.data(where + ": tensor " + name + " has shape " + Arrays.toString(actual)
                + ", config.json says " + Arrays.toString(wanted));
    }
}
