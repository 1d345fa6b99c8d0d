package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.tensor.Device;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Frozen linears of layers that are loaded in the form that products read, if the backend packs weights. */
public final class PackedLinears {
    private static final String WEIGHT = ".weight";
    /** Suffixes of the names of a packed weight's tensors, in the order of {@code Matmul.pack}. */
    private static final List<String> SUFFIXES = List.of(".packed", ".packed_scale", ".packed_zero");

    private final Weights weights;
    private final Map<String, List<String>> joins;
    private final boolean packs4Bits;

    /**
     * @param weights weights of the model
     * @param joins linears that are packed as one, by its name, see {@code Architecture.joins}
     * @param packs4Bits whether weights in 4 bits are packed too
     */
    public PackedLinears(Weights weights, Map<String, List<String>> joins, boolean packs4Bits) {
        this.weights = weights;
        this.joins = joins;
        this.packs4Bits = packs4Bits;
    }

    /** Returns whether a weight is packed. Weights whose norms a DoRA adapter reads are not. */
    public boolean contain(BlockSpec block, WeightSpec weight) {
        LoraModule module = weights.adaptation().modules().get(weight.module());
        WeightPlacement placement = weights.placements().of(block, weight);
        return block.isLayerLinear(weight)
                && placement != WeightPlacement.TRAINED
                && (packs4Bits || !placement.isNf4())
                && (module == null || !module.dora());
    }

    /** Loads the packed linears of a block. Returns the tensors that the script reads, by their local names. */
    public Map<String, NDArray> load(BlockSpec block) {
        Set<String> linears = new LinkedHashSet<>();
        block.weights().forEach((local, weight) -> {
            if (contain(block, weight)) {
                linears.add(local.substring(0, local.length() - WEIGHT.length()));
            }
        });
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        joins.forEach((joined, parts) -> {
            if (linears.containsAll(parts)) {
                parts.forEach(linears::remove);
                put(tensors, block, joined, parts);
            }
        });
        linears.forEach(linear -> put(tensors, block, linear, List.of(linear)));
        return tensors;
    }

    private void put(Map<String, NDArray> tensors, BlockSpec block, String linear, List<String> parts) {
        NDManager manager = weights.device().manager();
        try (NDManager loading = manager.newSubManager()) {
            NDList rows = new NDList();
            parts.forEach(part -> rows.add(rows(loading, block, part + WEIGHT)));
            NDArray all = rows.size() == 1 ? rows.head() : NDArrays.concat(rows, 0);
            Iterator<String> suffixes = SUFFIXES.iterator();
            weights.script()
                    .call(manager, "pack", all)
                    .forEach(packed -> tensors.put(linear + suffixes.next(), packed));
        }
    }

    /** Returns a weight [out, in] in F32. */
    private NDArray rows(NDManager owner, BlockSpec block, String local) {
        WeightSpec weight = block.weights().get(local);
        WeightPlacement placement = weights.placements().of(block, weight);
        NDArray value;
        if (placement.isNf4()) {
            StoredWeight stored = weights.stored(weight, placement);
            DequantBuffers widened = new DequantBuffers(
                    Device.of(owner),
                    weights.script(),
                    false,
                    weights.adaptation().threads());
            value = widened.tensor(local, stored);
            widened.hold(stored, Map.of(local, stored));
        } else {
            value = weights.values(owner, weight);
        }
        return weight.kind() == WeightSpec.Kind.CONV1D ? value.transpose() : value;
    }
}
