package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.core.arch.WeightSpec.Kind;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Builder of a block's weights. Each method takes a module's name in the family's script, and the module's full name in
 * Hugging Face's {@code named_modules()}; {@code .weight} and {@code .bias} are appended to both.
 */
public final class WeightSpecs {
    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    private final Map<String, WeightSpec> weights;

    /** Creates an empty list. */
    public WeightSpecs() {
        this(Map.of());
    }

    /** Creates a list that begins with other weights. */
    public WeightSpecs(Map<String, WeightSpec> first) {
        weights = new LinkedHashMap<>(first);
    }

    /** Adds an embedding [rows, width]. */
    public WeightSpecs embedding(String local, String module, int rows, int width) {
        return put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.EMBEDDING, rows, width));
    }

    /** Adds a linear [out, in] with a bias [out]. */
    public WeightSpecs linear(String local, String module, int out, int in) {
        return linear(local, module, out, in, true);
    }

    /** Adds a linear [out, in] with an optional bias [out]. */
    public WeightSpecs linear(String local, String module, int out, int in, boolean bias) {
        put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.LINEAR, out, in));
        return bias ? bias(local, module, out) : this;
    }

    /** Adds a linear stored as [in, out], with a bias [out]. */
    public WeightSpecs conv1d(String local, String module, int in, int out) {
        put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.CONV1D, in, out));
        return bias(local, module, out);
    }

    /** Adds a layer norm: scales and a bias [width]. */
    public WeightSpecs layerNorm(String local, String module, int width) {
        return rmsNorm(local, module, width).bias(local, module, width);
    }

    /** Adds a layer norm with an optional bias. */
    public WeightSpecs layerNorm(String local, String module, int width, boolean bias) {
        return bias ? layerNorm(local, module, width) : rmsNorm(local, module, width);
    }

    /** Adds an RMS norm: scales [width]. */
    public WeightSpecs rmsNorm(String local, String module, int width) {
        return put(local + WEIGHT, new WeightSpec(module + WEIGHT, Kind.NORM, width));
    }

    /** Adds a bias [width]. */
    public WeightSpecs bias(String local, String module, int width) {
        return put(local + BIAS, new WeightSpec(module + BIAS, Kind.BIAS, width));
    }

    /**
     * Adds the feed-forward part of a post-norm layer under its usual names: {@code intermediate.dense},
     * {@code output.dense} and {@code output.LayerNorm}.
     *
     * @param layer full name of the layer, with a trailing dot
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

    /** Returns the weights in the order in which they were added. */
    public Map<String, WeightSpec> map() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(weights));
    }
}
