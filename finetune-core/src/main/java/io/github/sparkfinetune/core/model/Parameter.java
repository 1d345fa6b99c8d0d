package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import java.util.Objects;

/**
 * One weight of a model.
 *
 * @param name its full name in Hugging Face's {@code named_parameters()}
 * @param value F32 on the rank's device; changed in place by the optimizer when trainable
 * @param decayed whether weight decay applies to it: false for biases and norm weights, as in Hugging Face's
 *     {@code Trainer.get_decay_parameter_names}
 * @param trainable whether it is trained; a frozen one takes no gradient and costs no backward
 * @param drawn whether its first values were drawn, for the checkpoint has none
 */
public record Parameter(String name, NDArray value, boolean decayed, boolean trainable, boolean drawn) {
    public Parameter {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(value, "value");
    }

    /** Extents, outermost first. */
    public long[] shape() {
        return value.getShape().getShape();
    }

    /** Number of elements. */
    public long size() {
        return value.size();
    }
}
