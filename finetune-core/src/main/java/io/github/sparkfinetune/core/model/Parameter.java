package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.WeightSpec;
import java.util.Objects;

/**
 * One weight of a model.
 *
 * @param name its full name in Hugging Face's {@code named_parameters()}
 * @param value F32 on the rank's device; changed in place by the optimizer when trainable
 * @param kind what it is for; an adapter's are matrices of linears
 * @param trainable whether it is trained; a frozen one takes no gradient and costs no backward
 * @param drawn whether its first values were drawn, for the checkpoint has none
 */
public record Parameter(String name, NDArray value, WeightSpec.Kind kind, boolean trainable, boolean drawn) {
    public Parameter {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(value, "value");
        Objects.requireNonNull(kind, "kind");
    }

    /** Whether weight decay applies to it. */
    public boolean decayed() {
        return kind.isDecayed();
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
