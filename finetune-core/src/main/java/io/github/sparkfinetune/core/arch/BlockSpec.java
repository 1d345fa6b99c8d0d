package io.github.sparkfinetune.core.arch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * One block of a model: what is computed, differentiated and reduced over the ranks as one.
 *
 * @param kind what it computes
 * @param layer its number among the layers, or -1
 * @param weights by the names that the family's text knows them by, in the order of Hugging Face
 * @param constants numbers that the text reads beside the weights: what one layer does otherwise than the others
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

    /** A block that has no constants. */
    public BlockSpec(BlockKind kind, int layer, Map<String, WeightSpec> weights) {
        this(kind, layer, weights, Map.of());
    }

    /** A block that is not a layer. */
    public static BlockSpec of(BlockKind kind, Map<String, WeightSpec> weights) {
        return new BlockSpec(kind, -1, weights);
    }

    /** Whether a weight is a linear's of a layer, which may be stored in a smaller form. */
    public boolean isLayerLinear(WeightSpec weight) {
        return kind == BlockKind.LAYER && weight.isLinear();
    }
}
