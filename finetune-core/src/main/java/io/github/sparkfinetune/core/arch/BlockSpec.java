package io.github.sparkfinetune.core.arch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * One block of a model: the unit that is computed, differentiated and reduced over the ranks.
 *
 * @param kind the block's kind
 * @param layer index among the layers, or -1
 * @param weights weights by their names in the family's script, in the order of Hugging Face
 * @param constants numbers that the script reads beside the weights, if layers differ in them
 */
public record BlockSpec(BlockKind kind, int layer, Map<String, WeightSpec> weights, Map<String, Float> constants) {
    public BlockSpec {
        Objects.requireNonNull(kind, "kind");
        if ((kind == BlockKind.LAYER) != (layer >= 0)) {
            throw new IllegalArgumentException(kind + " with layer number " + layer);
        }
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
        constants = Map.copyOf(constants);
    }

    /** Creates a block without constants. */
    public BlockSpec(BlockKind kind, int layer, Map<String, WeightSpec> weights) {
        this(kind, layer, weights, Map.of());
    }

    /** Returns a block that is not a layer. */
    public static BlockSpec of(BlockKind kind, Map<String, WeightSpec> weights) {
        return new BlockSpec(kind, -1, weights);
    }

    /** Returns whether a weight belongs to a layer's linear, which may be stored in fewer bits. */
    public boolean isLayerLinear(WeightSpec weight) {
        return kind == BlockKind.LAYER && weight.isLinear();
    }
}
