package io.github.sparkfinetune.core.model.weight;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.BlockKind;

/** Choice of the parameters of a checkpoint that are trained. */
@FunctionalInterface
public interface Trainable {
    /**
     * Returns whether a parameter is trained.
     *
     * @param name Hugging Face's name of the parameter
     * @param kind kind of its block, see {@link ParameterGroup#kind}
     * @param layer index of its layer, or -1 outside the layers
     */
    boolean trains(String name, BlockKind kind, int layer);

    /** Returns the choice of every parameter. */
    static Trainable all() {
        return (name, kind, layer) -> true;
    }

    /** Returns the choice of no parameter. */
    static Trainable none() {
        return (name, kind, layer) -> false;
    }

    /**
     * Returns the choice of the head and of the layers from an index on.
     *
     * @param firstLayer index of the first trained layer; the number of layers trains only the head
     */
    static Trainable above(int firstLayer) {
        return (name, kind, layer) -> switch (kind) {
            case EMBEDDINGS -> false;
            case LAYER -> layer >= firstLayer;
            case HEAD -> true;
        };
    }

    /** Returns the choice of a run's {@code method} of type full or freeze. */
    static Trainable of(MethodConfig method, int layers) {
        if (method.type() == MethodConfig.Type.FULL) {
            return all();
        }
        int frozen = method.freezeLayers() == null ? layers : method.freezeLayers();
        if (frozen > layers) {
            throw RunException.config(
                    "method.freeze_layers: " + frozen + " is too high, the model has " + layers + " layers");
        }
        return above(frozen);
    }
}
