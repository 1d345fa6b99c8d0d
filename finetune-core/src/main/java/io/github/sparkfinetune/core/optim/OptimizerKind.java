package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.TrainingConfig.Optim;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
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
            new OptimizerKind(AdamW::stateBytes, AdamW.STRETCH, AdamW::new),
            Optim.ADAMW_8BIT,
            new OptimizerKind(AdamW8bit::stateBytes, AdamW8bit.LEAST, AdamW8bit::new)));

    /** Size of an optimizer's state, see {@link #stateBytes(long, long)}. */
    private interface StateBytes {
        long of(long count, long looked);
    }

    /** Constructor of an optimizer. */
    private interface Constructor {
        Optimizer create(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters);
    }

    private final StateBytes stateBytes;
    private final int stretch;
    private final Constructor constructor;

    /**
     * @param stretch number of values of a parameter that are updated together. A rank's share begins and ends at a
     *     multiple of it, or with the parameter. Then each update has the same bits on any rank
     */
    private OptimizerKind(StateBytes stateBytes, int stretch, Constructor constructor) {
        this.stateBytes = stateBytes;
        this.stretch = stretch;
        this.constructor = constructor;
    }

    /** Returns the kind of a run's optimizer, with {@link L2SpPenalty} if {@code training.l2_sp} is set. */
    public static OptimizerKind of(TrainingConfig training) {
        return of(training.optimizer().optim(), training.regularization().l2Sp() != 0);
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
                stretch,
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
     * Creates this rank's share of an optimizer. All ranks' shares together update all parameters, with the same bits
     * as an optimizer that is not shared.
     *
     * @param manager owner of the optimizer's state, on the parameters' device
     * @param training settings of the optimizer
     * @param parameters parameters that all ranks together update
     * @param collective connection to the other ranks
     */
    public Optimizer createShare(
            NDManager manager, TrainingConfig training, List<ParameterGradient> parameters, Collective collective) {
        ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
        List<List<ParameterShare>> shares = ParameterShare.of(parameters, collective.size(), stretch);
        List<ParameterGradient> mine = shares.get(collective.rank()).stream()
                .map(share -> share.part(manager, script))
                .toList();
        return new ShardedOptimizer(
                create(manager, training, mine), Device.of(manager), script, collective, parameters, shares);
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
