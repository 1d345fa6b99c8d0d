package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.core.arch.WeightSpec.Kind;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Lists the weights of a block. Each method takes the name that the family's text knows a module by, and the module's
 * full name in Hugging Face's {@code named_modules()}; both get {@code .weight} and {@code .bias} appended.
 */
public final class WeightSpecs {
    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    private final Map<String, WeightSpec> weights;

    /** None so far. */
    public WeightSpecs() {
        this(Map.of());
    }

    /** Begins with those that another list has. */
    public WeightSpecs(Map<String, WeightSpec> first) {
        weights = new LinkedHashMap<>(first);
    }

    /** An embedding [rows, width]. */
    public WeightSpecs embedding(String local, String module, int rows, int width) {
        return put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.EMBEDDING, rows, width));
    }

    /** A linear [out, in] with a bias [out]. */
    public WeightSpecs linear(String local, String module, int out, int in) {
        return linear(local, module, out, in, true);
    }

    /** A linear [out, in], with a bias [out] or without one. */
    public WeightSpecs linear(String local, String module, int out, int in, boolean bias) {
        put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.LINEAR, out, in));
        return bias ? bias(local, module, out) : this;
    }

    /** A linear stored as [in, out], with a bias [out]. */
    public WeightSpecs conv1d(String local, String module, int in, int out) {
        put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.CONV1D, in, out));
        return bias(local, module, out);
    }

    /** A layer norm: scales and a bias [width]. */
    public WeightSpecs layerNorm(String local, String module, int width) {
        return rmsNorm(local, module, width).bias(local, module, width);
    }

    /** A layer norm with a bias or without one. */
    public WeightSpecs layerNorm(String local, String module, int width, boolean bias) {
        return bias ? layerNorm(local, module, width) : rmsNorm(local, module, width);
    }

    /** An RMS norm: scales [width]. */
    public WeightSpecs rmsNorm(String local, String module, int width) {
        return put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.NORM, width));
    }

    /** A bias [width]. */
    public WeightSpecs bias(String local, String module, int width) {
        return put(local + BIAS, new WeightSpec(module + BIAS, Kind.BIAS, width));
    }

    /**
     * What follows the attention of a post-norm layer under its usual names: {@code intermediate.dense},
     * {@code output.dense} and {@code output.LayerNorm}.
     *
     * @param layer full name of the layer, with a dot behind
     */
    public WeightSpecs feedForward(String layer, int hidden, int intermediate) {
        return linear("intermediate", layer + "intermediate.dense", intermediate, hidden)
                .linear("output", layer + "output.dense", hidden, intermediate)
                .layerNorm("output_norm", layer + "output.LayerNorm", hidden);
    }

    private WeightSpecs put(String local, WeightSpec weight) {
        if (weights.put(local, weight) != null) {
            throw new IllegalArgumentException(local + " is listed twice");
        }
        return this;
    }

    /** What was listed, in its order. */
    public Map<String, WeightSpec> map() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(weights));
    }
}
