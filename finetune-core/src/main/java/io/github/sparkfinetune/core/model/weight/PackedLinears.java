package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Frozen linears of layers that are loaded in the form that products read, if the backend packs weights. */
public final class PackedLinears {
    private static final String WEIGHT = ".weight";
    /** Suffixes of the names of a packed weight's tensors, in the order of {@code Matmul.pack}. */
    private static final List<String> SUFFIXES = List.of(".packed", ".packed_scale", ".packed_zero");

    private final Weights weights;

    /** @param weights weights of the model */
    public PackedLinears(Weights weights) {
        this.weights = weights;
    }

    /** Returns whether a weight is packed. Weights in 4 bits are not, nor weights whose norms a DoRA adapter reads. */
    public boolean contain(BlockSpec block, WeightSpec weight, WeightPlacement placement) {
        LoraModule module = weights.adaptation().modules().get(weight.module());
        return weights.packs()
                && block.isLayerLinear(weight)
                && placement != WeightPlacement.TRAINED
                && !placement.isNf4()
                && (module == null || !module.dora());
    }

    /** Loads a weight. Returns the tensors that the script reads instead of the weight, by their local names. */
    public Map<String, NDArray> load(String local, WeightSpec weight) {
        String linear = local.substring(0, local.length() - WEIGHT.length());
        Iterator<NDArray> parts = weights.packed(weight).iterator();
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        SUFFIXES.forEach(suffix -> {
            if (parts.hasNext()) {
                tensors.put(linear + suffix, parts.next());
            }
        });
        return tensors;
    }
}
