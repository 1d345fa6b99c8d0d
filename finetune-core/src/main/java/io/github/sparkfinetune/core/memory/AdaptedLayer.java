package io.github.sparkfinetune.core.memory;

import io.github.sparkfinetune.core.adapter.LinearModule;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.LayerUse;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Trained parts of a layer under an adaptation.
 *
 * @param layer the layer's weights
 */
record AdaptedLayer(BlockSpec layer, Adaptation adaptation) implements LayerUse {

    /** Returns whether anything in the layer is trained. */
    boolean trainsAny() {
        return layer.weights().values().stream().anyMatch(this::trains)
                || modules().findAny().isPresent();
    }

    @Override
    public boolean reads(String linear) {
        WeightSpec weight = layer.weights().get(linear + ".weight");
        return trains(weight) || adaptation.modules().containsKey(weight.module());
    }

    private boolean trains(WeightSpec weight) {
        return adaptation.trainable().trains(weight.name(), layer.kind(), layer.layer());
    }

    @Override
    public boolean bf16() {
        return adaptation.bf16();
    }

    @Override
    public long droppedInputs() {
        return droppedWidths().sum();
    }

    @Override
    public long widestDroppedInput() {
        return droppedWidths().max().orElse(0);
    }

    private LongStream droppedWidths() {
        return modules()
                .filter(module -> module.dropout() > 0)
                .map(LoraModule::module)
                .mapToLong(LinearModule::in);
    }

    @Override
    public long widestAdapted() {
        return modules()
                .map(LoraModule::module)
                .mapToLong(LinearModule::out)
                .max()
                .orElse(0);
    }

    private Stream<LoraModule> modules() {
        return layer.weights().values().stream()
                .map(weight -> adaptation.modules().get(weight.module()))
                .filter(Objects::nonNull);
    }
}
