package io.github.sparkfinetune.core.train.step;

import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * How the samples' gradients of the blocks before the head are computed.
 *
 * @param joins whether several samples pass the layers together; else a batch has one sample
 * @param measured layers of which only the norms of the samples' gradients are measured in a first backward. A second
 *     backward adds up the clipped gradients. Empty if each sample's gradients are held
 */
record SampleLayers(boolean joins, Set<Block> measured) {
    SampleLayers {
        measured = Set.copyOf(measured);
    }

    /**
     * Returns how a model's gradients are computed: held if only the matrices of LoRA are trained, else measured if the
     * layers can, else of one sample after the other.
     */
    static SampleLayers of(Model model) {
        if (!model.table().trainable() && trained(model).stream().allMatch(model::differentiatesBySample)) {
            return new SampleLayers(true, Set.of());
        }
        Set<Block> layers = trained(model).stream()
                .filter(block -> block.kind() == BlockKind.LAYER)
                .collect(Collectors.toSet());
        return !layers.isEmpty() && layers.stream().allMatch(model::measuresSamples)
                ? new SampleLayers(true, layers)
                : new SampleLayers(false, Set.of());
    }

    private static List<Block> trained(Model model) {
        return body(model).stream()
                .filter(Predicate.not(block -> block.differentiated().isEmpty()))
                .toList();
    }

    /** Returns all blocks except the head. */
    static List<Block> body(Model model) {
        return model.blocks().subList(0, model.blocks().size() - 1);
    }

    /** Returns the block before the layers, if the model has one. */
    static Optional<Block> embeddings(Model model) {
        return body(model).stream()
                .filter(block -> block.kind() == BlockKind.EMBEDDINGS)
                .findFirst();
    }

    /** Returns whether a second backward adds up the gradients of the layers. */
    boolean areMeasured() {
        return !measured.isEmpty();
    }
}
