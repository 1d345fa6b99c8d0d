package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/** Targets of samples, and weights, as F32 tensors. */
public final class Targets {
    private Targets() {}

    /** Returns the targets of samples, [samples, targets per sample]. */
    public static NDArray of(NDManager owner, List<Sample> samples) {
        double[] all = samples.stream()
                .flatMapToDouble(sample -> Arrays.stream(sample.targets()))
                .toArray();
        return of(owner, new Shape(samples.size(), all.length / samples.size()), all);
    }

    /** Returns numbers as a tensor of a shape. */
    public static NDArray of(NDManager owner, Shape shape, double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return Tensors.of(owner, floats, shape);
    }
}
