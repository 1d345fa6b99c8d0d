package io.github.sparkfinetune.core.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A weight of the head that begins with new values, because the model's checkpoint lacks it, or has another shape of
 * it.
 *
 * @param stored the checkpoint's shape, or empty if the checkpoint lacks the weight
 */
public record NewWeight(String name, List<Long> shape, Optional<List<Long>> stored) {
    public NewWeight {
        shape = List.copyOf(shape);
        stored = stored.map(List::copyOf);
    }

    /**
     * Returns a description for users: one line for all weights that the checkpoint lacks, and one for each weight with
     * another shape.
     */
    public static List<String> lines(List<NewWeight> weights) {
        List<String> lines = new ArrayList<>();
        String missing = weights.stream()
                .filter(weight -> weight.stored().isEmpty())
                .map(NewWeight::name)
                .collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            lines.add(missing + ": newly initialized, the model's checkpoint has none");
        }
        for (NewWeight weight : weights) {
            weight.stored()
                    .ifPresent(stored -> lines.add(weight.name() + ": newly initialized with shape " + weight.shape()
                            + ", the checkpoint's has shape " + stored
                            + ": what this head has learned is lost; are the labels those of the model?"));
        }
        return List.copyOf(lines);
    }
}
