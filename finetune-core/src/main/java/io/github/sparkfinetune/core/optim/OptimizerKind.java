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
 * What is known of an optimizer before one is made. Each is a class that implements {@link Optimizer}, and one line
 * here.
 */
public final class OptimizerKind {
    private static final Map<Optim, OptimizerKind> ALL = new EnumMap<>(Map.of(
            Optim.ADAMW_TORCH,
            new OptimizerKind(AdamW::stateBytes, AdamW.STRETCH, AdamW::new),
            Optim.ADAMW_8BIT,
            new OptimizerKind(AdamW8bit::stateBytes, AdamW8bit.LEAST, AdamW8bit::new)));

    /** Memory of an optimizer's state, see {@link #stateBytes(long, long)}. */
    private interface StateBytes {
        long of(long count, long looked);
    }

    /** The constructor of an optimizer. */
    private interface Constructor {
        Optimizer create(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters);
    }

    private final StateBytes stateBytes;
    private final int stretch;
    private final Constructor constructor;

    /**
     * @param stretch values of a parameter that are moved together: a rank's share begins and ends with such a stretch,
     *     or with the parameter, so that each value is moved to the same bits, whoever moves it
     */
    private OptimizerKind(StateBytes stateBytes, int stretch, Constructor constructor) {
        this.stateBytes = stateBytes;
        this.stretch = stretch;
        this.constructor = constructor;
    }

    /**
     * The optimizer that a run is trained with; with {@code training.l2_sp} what it moves is also pulled to its
     * {@link L2SpPenalty}.
     */
    public static OptimizerKind of(TrainingConfig training) {
        return of(training.optimizer().optim(), training.regularization().l2Sp() != 0);
    }

    /**
     * An optimizer by its name.
     *
     * @param pulled whether what it moves is also pulled to its {@link L2SpPenalty}
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
     * Memory of an optimizer's state.
     *
     * @param count number of trained values
     * @param looked of them, those of the embedding table
     * @return bytes
     */
    public long stateBytes(long count, long looked) {
        return stateBytes.of(count, looked);
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
        List<List<ParameterShare>> shares = ParameterShare.of(parameters, collective.size(), stretch);
        List<ParameterGradient> mine = shares.get(collective.rank()).stream()
                .map(share -> share.part(manager, script))
                .toList();
        return new ShardedOptimizer(
                create(manager, training, mine), Device.of(manager), script, collective, parameters, shares);
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
