package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * What is known of an optimizer before one is made. Each is a class that implements {@link Optimizer}, and one line
 * here.
 */
public final class OptimizerKind {
    private static final OptimizerKind ADAMW = new OptimizerKind(AdamW.SCRIPTS, AdamW::stateBytes, AdamW::new);

    private static final List<OptimizerKind> ALL = List.of(ADAMW);

    /** The constructor of an optimizer. */
    private interface Constructor {
        Optimizer create(
                NDManager manager, ScriptModule script, TrainingConfig training, List<ParameterGradient> parameters);
    }

    private final List<String> scripts;
    private final LongUnaryOperator stateBytes;
    private final Constructor constructor;

    private OptimizerKind(List<String> scripts, LongUnaryOperator stateBytes, Constructor constructor) {
        this.scripts = scripts;
        this.stateBytes = stateBytes;
        this.constructor = constructor;
    }

    /** The optimizer that a run is trained with: {@link AdamW}, for no setting names another. */
    public static OptimizerKind of(TrainingConfig training) {
        return ADAMW;
    }

    /** Scripts that the optimizers need in their module. */
    public static List<String> scripts() {
        return ALL.stream().flatMap(kind -> kind.scripts.stream()).toList();
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
     * @param script module with {@link #scripts}
     * @param training its settings
     * @param parameters all that it moves
     */
    public Optimizer create(
            NDManager manager, ScriptModule script, TrainingConfig training, List<ParameterGradient> parameters) {
        return constructor.create(manager, script, training, parameters);
    }
}
