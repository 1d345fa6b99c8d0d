package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import java.util.Objects;

/**
 * A weight of a model.
 *
 * @param name full name in Hugging Face's {@code named_parameters()}
 * @param value values, usually F32, on the rank's device; the optimizer changes a trainable parameter in place
 * @param kind role of the weight; the weights of an adapter are matrices of linears
 * @param trainable whether the parameter is trained; a frozen parameter has no gradient and costs no backward
 * @param drawn whether the initial values were drawn because the checkpoint has none
 */
public record Parameter(String name, NDArray value, WeightSpec.Kind kind, boolean trainable, boolean drawn) {
    public Parameter {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(value, "value");
        Objects.requireNonNull(kind, "kind");
    }

    /** Returns whether weight decay applies to the parameter. */
    public boolean decayed() {
        return kind.isDecayed();
    }

    /** Returns the extents, outermost first. */
    public long[] shape() {
        return value.getShape().getShape();
    }

    /** Returns the number of elements. */
    public long size() {
        return value.size();
    }

    /** Returns this parameter with another tensor of its values. */
    public Parameter with(NDArray other) {
        return new Parameter(name, other, kind, trainable, drawn);
    }

    /**
     * Returns some values as a separate parameter.
     *
     * @param from index of the first value, row-major
     * @param to index after the last value
     * @param part the values
     */
    public Parameter part(long from, long to, NDArray part) {
        String range = to - from == size() ? name : new TensorRange(name, from, to).name();
        return new Parameter(range, part, kind, trainable, drawn);
    }
}
