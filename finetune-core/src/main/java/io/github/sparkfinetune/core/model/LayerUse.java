package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.core.adapter.LoraModule;
import java.util.Map;

/** What is trained in a layer, as far as its memory depends on it. */
final class LayerUse {
    private final int layer;
    private final Map<String, WeightSpec> names;
    private final Adaptation adaptation;

    /** @param names the layer's weights by the script's names */
    LayerUse(int layer, Map<String, WeightSpec> names, Adaptation adaptation) {
        this.layer = layer;
        this.names = names;
        this.adaptation = adaptation;
    }

    /** Whether anything is. */
    boolean any() {
        return names.keySet().stream().anyMatch(this::trains)
                || names.values().stream()
                        .anyMatch(weight -> adaptation.modules().containsKey(weight.module()));
    }

    /** Whether the backward of a linear reads its input: it is trained, or has an adapter. */
    boolean reads(String linear) {
        String weight = linear + ".weight";
        return trains(weight)
                || adaptation.modules().containsKey(names.get(weight).module());
    }

    /** Whether one of these is read. */
    boolean readsAny(String... linears) {
        for (String linear : linears) {
            if (reads(linear)) {
                return true;
            }
        }
        return false;
    }

    private boolean trains(String local) {
        return adaptation.trainable().trains(names.get(local).name(), Block.Kind.LAYER, layer);
    }

    /** Values a token of the inputs that adapters drop some of. */
    long droppedInputs() {
        return names.values().stream()
                .map(weight -> adaptation.modules().get(weight.module()))
                .filter(module -> module != null && module.dropout() > 0)
                .mapToLong(module -> module.module().in())
                .sum();
    }

    /** The widest of them. */
    long widestDroppedInput() {
        return names.values().stream()
                .map(weight -> adaptation.modules().get(weight.module()))
                .filter(module -> module != null && module.dropout() > 0)
                .mapToLong(module -> module.module().in())
                .max()
                .orElse(0);
    }

    /** The widest output that an adapter adds to, which is there twice then. */
    long widestAdapted() {
        return names.values().stream()
                .map(weight -> adaptation.modules().get(weight.module()))
                .filter(module -> module != null)
                .map(LoraModule::module)
                .mapToLong(module -> module.out())
                .max()
                .orElse(0);
    }
}
