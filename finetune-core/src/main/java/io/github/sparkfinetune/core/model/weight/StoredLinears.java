package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.quant.MappedWeight;
import io.github.sparkfinetune.core.quant.Nf4;
import io.github.sparkfinetune.core.quant.Nf4Cache;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Frozen linears of a model's layers that are not in F32. A linear is mapped in the checkpoint's own type, or is in 4
 * bits. The 4 bits come from the checkpoint, come from the cache file beside it, or are quantised here.
 */
final class StoredLinears {
    private final TensorSource source;
    private final StoredNames names;
    private final Architecture architecture;
    private final Adaptation adaptation;
    private final NDManager manager;
    private Map<String, Nf4Tensor> kept;

    /**
     * @param adaptation trained weights, and the storage of frozen weights
     * @param manager manager of the rank; the ranks of a process share the linears
     */
    StoredLinears(
            TensorSource source,
            StoredNames names,
            Architecture architecture,
            Adaptation adaptation,
            NDManager manager) {
        this.source = source;
        this.names = names;
        this.architecture = architecture;
        this.adaptation = adaptation;
        this.manager = manager;
    }

    /**
     * Loads a frozen linear of a layer.
     *
     * @param placement placement that {@linkplain WeightPlacement#isWidened is widened}
     */
    StoredWeight load(WeightSpec weight, WeightPlacement placement) {
        String stored = names.require(weight.name());
        boolean conv1d = weight.kind() == WeightSpec.Kind.CONV1D;
        if (placement == WeightPlacement.STORED_NF4) {
            return checked(weight, stored, once(stored, "codes", () -> Nf4Checkpoint.read(source, stored, conv1d)));
        }
        names.requireShape(stored, weight.shape());
        return switch (placement) {
            case WIDENED -> once(stored, "mapped", () -> MappedWeight.of(source, stored));
            case NF4 -> quantized(stored, false, conv1d);
            case NF4_DOUBLE -> quantized(stored, true, conv1d);
            case TRAINED, F32, MAPPED_F32, BF16, MAPPED_BF16, STORED_NF4 ->
                throw new IllegalArgumentException(weight.name() + " is " + placement);
        };
    }

    private StoredWeight quantized(String stored, boolean doubleQuant, boolean conv1d) {
        if (kept == null) {
            kept = kept(doubleQuant);
        }
        if (kept.containsKey(stored)) {
            return kept.get(stored);
        }
        int threads = adaptation.threads();
        return once(
                stored,
                adaptation.storage() + (conv1d ? " turned" : ""),
                () -> conv1d
                        ? Nf4.quantizeTransposed(source, stored, doubleQuant, threads)
                        : Nf4.quantize(source, stored, doubleQuant, threads));
    }

    /** Returns the form of a tensor. If the tensor is in a file, each process makes the form once. */
    private <T> T once(String stored, String form, Supplier<T> make) {
        return SharedWeights.get(manager, source.localPlace(stored), form, owner -> make.get());
    }

    /**
     * Returns the layers' linears in 4 bits from the cache file beside the weights, if they are large enough for one.
     */
    private Map<String, Nf4Tensor> kept(boolean doubleQuant) {
        Map<String, Boolean> linears = new LinkedHashMap<>();
        for (int layer = 0; layer < architecture.shape().layers(); layer++) {
            BlockSpec block = architecture.layer(layer);
            for (WeightSpec weight : block.weights().values()) {
                String stored = names.require(weight.name());
                if (block.isLayerLinear(weight) && !Nf4Checkpoint.holds(source, stored)) {
                    linears.put(stored, weight.kind() == WeightSpec.Kind.CONV1D);
                }
            }
        }
        long count = linears.keySet().stream()
                .mapToLong(name -> source.info(name).count())
                .sum();
        boolean local = linears.keySet().stream()
                .allMatch(name -> source.localPlace(name).isPresent());
        if (!local || count < Nf4Cache.WORTH_KEEPING) {
            return Map.of();
        }
        String first = linears.keySet().iterator().next();
        Path folder = source.localPlace(first).orElseThrow().file().getParent();
        return once(
                first,
                "all in " + adaptation.storage(),
                () -> new Nf4Cache(folder, source, linears, doubleQuant, adaptation.threads()).tensors());
    }

    private StoredWeight checked(WeightSpec weight, String stored, StoredWeight value) {
        long[] expected = weight.shape();
        if (value.isTransposed()) {
            expected = new long[] {expected[1], expected[0]};
        }
        if (!Arrays.equals(value.shape(), expected)) {
            throw StoredNames.wrongShape(source.fileOf(stored), stored, value.shape(), expected);
        }
        return value;
    }
}
