package io.github.sparkfinetune.core.checkpoint;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * The tensors of a checkpoint that a rank resumes from.
 *
 * @param values number of values by tensor, named as in {@link TensorRange}
 * @param share the rank's share of the state; a run with as many ranks has written it into one file
 */
public record NeededState(Map<String, Long> values, OptimizerShare share) {
    public NeededState {
        values = Map.copyOf(values);
    }

    /** Returns the needed tensors, and ranges of tensors, except those of some tensors. */
    NeededState without(Collection<String> tensors) {
        Map<String, Long> others = new HashMap<>(values);
        others.keySet()
                .removeIf(name -> tensors.contains(TensorRange.ofName(name).tensor()));
        return new NeededState(others, share);
    }
}
