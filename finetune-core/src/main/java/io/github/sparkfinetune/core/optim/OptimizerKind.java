package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * What is known of an optimizer before one is made. Each is a class that implements {@link Optimizer}, and one line
 * here.
 */
public final class OptimizerKind {
    private static final OptimizerKind ADAMW = new OptimizerKind(AdamW::stateBytes, AdamW::new);

    /** The constructor of an optimizer. */
    private interface Constructor {
        Optimizer create(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters);
    }

    private final LongUnaryOperator stateBytes;
    private final Constructor constructor;

    private OptimizerKind(LongUnaryOperator stateBytes, Constructor constructor) {
        this.stateBytes = stateBytes;
        this.constructor = constructor;
    }

    /**
     * The optimizer that a run is trained with: {@link AdamW}, for no setting names another; with
     * {@code training.l2_sp} what it moves is also pulled to its {@link StartingPoint}.
     */
    public static OptimizerKind of(TrainingConfig training) {
        return training.l2Sp() == 0 ? ADAMW : ADAMW.withStartingPoint();
    }

    private OptimizerKind withStartingPoint() {
        return new OptimizerKind(
                count -> stateBytes(count) + count * Float.BYTES,
                (manager, training, parameters) ->
                        new StartingPoint(create(manager, training, parameters), manager, training, parameters));
    }

    /**
     * Memory of an optimizer's state.
     *
     * @param count number of trained values
     * @return bytes
     */
    public long stateBytes(long count) {
        return stateBytes.applyAsLong(count);
    }

    /**
     * An optimizer before its first step.
     *
     * @param manager owner of its state, on the parameters' device
     * @param training its settings
     * @param parameters all that it moves
     */
    public Optimizer create(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters) {
        return constructor.create(manager, training, parameters);
    }
}
