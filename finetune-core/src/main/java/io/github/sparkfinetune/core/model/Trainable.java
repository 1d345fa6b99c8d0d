package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunException;

/**
 * Which blocks are trained: all above a border.
 *
 * @param embeddings whether the embeddings are trained
 * @param firstLayer first layer that is trained; the number of layers when only the head is
 */
public record Trainable(boolean embeddings, int firstLayer) {

    /** Every parameter. */
    public static Trainable all() {
        return new Trainable(true, 0);
    }

    /** No parameter. */
    public static Trainable none() {
        return new Trainable(false, Integer.MAX_VALUE);
    }

    /** What a run's {@code method} trains. */
    public static Trainable of(MethodConfig method, int layers) {
        if (method.type() == MethodConfig.Type.FULL) {
            return all();
        }
        int frozen = method.freezeLayers() == null ? layers : method.freezeLayers();
        if (frozen > layers) {
            throw RunException.config(
                    "method.freeze_layers: " + frozen + " is not allowed, the model has " + layers + " layers");
        }
        return new Trainable(false, frozen);
    }

    boolean layer(int layer) {
        return layer >= firstLayer;
    }

    boolean head() {
        return firstLayer != Integer.MAX_VALUE;
    }
}
