package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.BlockKind;

/** Which parameters of a checkpoint are trained. */
@FunctionalInterface
public interface Trainable {
    /**
     * Whether a parameter is trained.
     *
     * @param name Hugging Face's
     * @param kind of its block, see {@link ParameterGroup#kind}
     * @param layer number of its layer, -1 outside the layers
     */
    boolean trains(String name, BlockKind kind, int layer);

    /** Every parameter. */
    static Trainable all() {
        return (name, kind, layer) -> true;
    }

    /** No parameter. */
    static Trainable none() {
        return (name, kind, layer) -> false;
    }

    /**
     * The head, and the layers from a number on.
     *
     * @param firstLayer the number of layers where only the head is trained
     */
    static Trainable above(int firstLayer) {
        return (name, kind, layer) -> switch (kind) {
            case EMBEDDINGS -> false;
            case LAYER -> layer >= firstLayer;
            case HEAD -> true;
        };
    }

    /** What a run's {@code method} trains, where it is full or freeze. */
    static Trainable of(MethodConfig method, int layers) {
        if (method.type() == MethodConfig.Type.FULL) {
            return all();
        }
        int frozen = method.freezeLayers() == null ? layers : method.freezeLayers();
        if (frozen > layers) {
            throw RunException.config(
                    "method.freeze_layers: " + frozen + " is not allowed, the model has " + layers + " layers");
        }
        return above(frozen);
    }
}
