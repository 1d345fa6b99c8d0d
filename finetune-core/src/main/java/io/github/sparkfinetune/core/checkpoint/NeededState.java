package io.github.sparkfinetune.core.checkpoint;

import java.util.Map;

/**
 * The part of an optimizer's state that a rank goes on with.
 *
 * @param values the number of values by tensor, which is named as {@link TensorRange} says
 * @param share the rank's share of the state, which a run with as many ranks has written into one file
 */
public record NeededState(Map<String, Long> values, OptimizerShare share) {
    /** Nothing. */
    public static final NeededState NONE = new NeededState(Map.of(), OptimizerShare.WHOLE);

    public NeededState {
        values = Map.copyOf(values);
    }
}
