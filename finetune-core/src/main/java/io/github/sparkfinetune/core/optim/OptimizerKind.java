package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.TrainingConfig.Optim;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Kind of an optimizer: its constructor and its memory. A new kind is a class that implements {@link Optimizer}, and
 * one line here.
 */
public final class OptimizerKind {
    private static final Map<Optim, OptimizerKind> ALL = new EnumMap<>(Map.of(
            Optim.ADAMW_TORCH,
            new OptimizerKind(AdamW::stateBytes, AdamW::new),
            Optim.ADAMW_8BIT,
            new OptimizerKind(AdamW8bit::stateBytes, AdamW8bit::new)));

    /** Size of an optimizer's state, see {@link #stateBytes(long, long)}. */
    private interface StateBytes {
        long of(long count, long looked);
    }

    /** Constructor of an optimizer. */
    private interface Constructor {
        Optimizer create(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters);
    }

    private final StateBytes stateBytes;
    private final Constructor constructor;

    private OptimizerKind(StateBytes stateBytes, Constructor constructor) {
        this.stateBytes = stateBytes;
        this.constructor = constructor;
    }

    /** Returns the kind of a run's optimizer, with {@link L2SpPenalty} if {@code training.l2_sp} is set. */
    public static OptimizerKind of(TrainingConfig training) {
        return of(training.optim(), training.l2Sp() != 0);
    }

    /**
     * Returns the kind of an optimizer.
     *
     * @param pulled whether the optimizer has an {@link L2SpPenalty}
     */
    public static OptimizerKind of(Optim optim, boolean pulled) {
        OptimizerKind kind = ALL.get(optim);
        return pulled ? kind.withStartingPoint() : kind;
    }

    private OptimizerKind withStartingPoint() {
        return new OptimizerKind(
                (count, looked) -> stateBytes(count, looked) + count * Float.BYTES,
                (manager, training, parameters) ->
                        new L2SpPenalty(create(manager, training, parameters), manager, training, parameters));
    }

    /**
     * Returns the memory of an optimizer's state.
     *
     * @param count number of trained values
     * @param looked number of trained values of the embedding table, part of {@code count}
     * @return size in bytes
     */
    public long stateBytes(long count, long looked) {
        return stateBytes.of(count, looked);
    }

    /**
     * Creates an optimizer.
     *
     * @param manager owner of the optimizer's state, on the parameters' device
     * @param training settings of the optimizer
     * @param parameters parameters that the optimizer updates
     */
    public Optimizer create(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters) {
        return constructor.create(manager, training, parameters);
    }
}
