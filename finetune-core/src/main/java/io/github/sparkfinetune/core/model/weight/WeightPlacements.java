package io.github.sparkfinetune.core.model.weight;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.util.Arrays;

/** Placement of each weight of a model, for loading and for estimating memory before loading. */
public final class WeightPlacements {
    private final TensorSource source;
    private final StoredNames names;
    private final Architecture architecture;
    private final Adaptation adaptation;

    /** @param adaptation trained weights, and the storage of frozen weights */
    public WeightPlacements(TensorSource source, Architecture architecture, Adaptation adaptation) {
        this.source = source;
        this.names = new StoredNames(source, architecture.prefix());
        this.architecture = architecture;
        this.adaptation = adaptation;
    }

    /** Returns the names of the checkpoint. */
    public StoredNames names() {
        return names;
    }

    /**
     * Returns the placement of a block's weight.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if the checkpoint lacks a frozen linear of a layer
     */
    public WeightPlacement of(BlockSpec block, WeightSpec weight) {
        if (trains(weight, block.kind(), block.layer())) {
            return WeightPlacement.TRAINED;
        }
        return block.isLayerLinear(weight) ? frozenLinear(weight) : frozen(weight, weight.name());
    }

    /** Returns whether a block has a trained weight of the checkpoint. */
    public boolean trainsAny(BlockSpec block) {
        return block.weights().values().stream().anyMatch(weight -> trains(weight, block.kind(), block.layer()));
    }

    /** Returns the placement of a weight that layers share. */
    public WeightPlacement shared(WeightSpec weight) {
        return trains(weight, BlockKind.EMBEDDINGS, -1) ? WeightPlacement.TRAINED : frozen(weight, weight.name());
    }

    /**
     * Returns the placement of the embedding table, or of a weight of the lm_head.
     *
     * @param kind {@link BlockKind#EMBEDDINGS} for the table, {@link BlockKind#HEAD} for the lm_head
     * @param stored name of the stored tensor with the initial values
     */
    public WeightPlacement vocabulary(WeightSpec weight, BlockKind kind, String stored) {
        if (trains(weight, kind, -1)) {
            return WeightPlacement.TRAINED;
        }
        return adaptation.bf16() && !hasTrainedRows(weight) && isInPlace(weight, stored, TensorType.BF16)
                ? WeightPlacement.MAPPED_BF16
                : frozen(weight, stored);
    }

    private WeightPlacement frozenLinear(WeightSpec weight) {
        String stored = names.require(weight.name());
        if (Nf4Checkpoint.holds(source, stored)) {
            return WeightPlacement.STORED_NF4;
        }
        TensorType type = source.info(stored).dtype();
        return switch (adaptation.storage()) {
            case NF4 -> WeightPlacement.NF4;
            case NF4_DOUBLE -> WeightPlacement.NF4_DOUBLE;
            case F32 -> frozen(weight, weight.name());
            case AS_STORED -> {
                if (adaptation.bf16()) {
                    yield type == TensorType.BF16 ? WeightPlacement.MAPPED_BF16 : WeightPlacement.BF16;
                }
                yield type == TensorType.F32 ? frozen(weight, weight.name()) : WeightPlacement.WIDENED;
            }
        };
    }

    private WeightPlacement frozen(WeightSpec weight, String stored) {
        return !hasTrainedRows(weight) && isInPlace(weight, stored, TensorType.F32)
                ? WeightPlacement.MAPPED_F32
                : WeightPlacement.F32;
    }

    /** Returns whether a weight's values are those of the checkpoint, in a type; an adapter may replace them. */
    private boolean isInPlace(WeightSpec weight, String stored, TensorType type) {
        return adaptation
                        .start()
                        .filter(start -> start.tensors().containsKey(weight.name()))
                        .isEmpty()
                && names.find(stored)
                        .map(source::info)
                        .filter(info -> isOf(info, type, weight.shape()))
                        .isPresent();
    }

    private static boolean isOf(TensorInfo info, TensorType type, long[] shape) {
        return info.dtype() == type && Arrays.equals(info.shape(), shape);
    }

    /** Returns whether a weight is a frozen embedding table with trained rows. */
    boolean hasTrainedRows(WeightSpec weight) {
        return !adaptation.tokens().isEmpty()
                && weight.name().equals(architecture.table().name());
    }

    private boolean trains(WeightSpec weight, BlockKind kind, int layer) {
        return adaptation.trainable().trains(weight.name(), kind, layer);
    }
}
