package io.github.sparkfinetune.core.train.sample;

import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Computation of the samples' gradients in the blocks before the head.
 *
 * @param joins whether several samples pass the layers together; else a batch has one sample
 * @param measured blocks of which only the norms of the samples' gradients are measured, and the clipped gradients are
 *     added up later. Empty if each sample's gradients are held
 */
record SampleLayers(boolean joins, Set<Block> measured) {
    SampleLayers {
        measured = Set.copyOf(measured);
    }

    /**
     * Returns how a model's gradients are computed: held if only the matrices of LoRA are trained, else measured if
     * these blocks can, else of one sample after the other. The head is measured if it can and samples pass together.
     */
    static SampleLayers of(Model model) {
        if (!model.table().trainable() && trained(model).stream().allMatch(model::differentiatesBySample)) {
            return new SampleLayers(true, head(model).stream().collect(Collectors.toSet()));
        }
        return body(model).stream().allMatch(model::measuresSamples)
                ? new SampleLayers(
                        true,
                        Stream.concat(body(model).stream(), head(model).stream())
                                .collect(Collectors.toSet()))
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

    private static Optional<Block> head(Model model) {
        return Optional.of(model.blocks().get(model.blocks().size() - 1)).filter(model::measuresSamples);
    }
}
