package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
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
     * This rank's share of an optimizer before its first step; it moves all parameters together with those of the other
     * ranks, to the same bits as one that isn't shared.
     *
     * @param manager owner of its state, on the parameters' device
     * @param training its settings
     * @param parameters all that all ranks together move
     * @param collective the ranks
     */
    public Optimizer createShare(
            NDManager manager, TrainingConfig training, List<ParameterGradient> parameters, Collective collective) {
        ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
        List<List<ParameterShare>> shares = ParameterShare.of(parameters, collective.size());
        List<ParameterGradient> mine = shares.get(collective.rank()).stream()
                .map(share -> share.part(manager, script))
                .toList();
        return new ShardedOptimizer(
                create(manager, training, mine), Device.of(manager), collective, parameters, shares);
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
