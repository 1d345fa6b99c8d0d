package io.github.sparkfinetune.core.checkpoint;

import java.util.Map;

/**
 * The part of an optimizer's state that a rank resumes from.
 *
 * @param values number of values by tensor, named as in {@link TensorRange}
 * @param share the rank's share of the state; a run with as many ranks has written it into one file
 */
public record NeededState(Map<String, Long> values, OptimizerShare share) {
    /** No state. */
    public static final NeededState NONE = new NeededState(Map.of(), OptimizerShare.WHOLE);

    public NeededState {
        values = Map.copyOf(values);
    }
}
