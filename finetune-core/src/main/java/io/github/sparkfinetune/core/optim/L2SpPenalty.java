package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;

/**
 * L2-SP (Li, Grandvalet and Davoine 2018): trained parameters are pulled towards their start. Like AdamW's decay, the
 * pull is decoupled from the gradient. With the rate η of a parameter p that started at p₀ and the strength α, after
 * the optimizer's step:
 *
 * <pre>
 * p ← p - η α (p - p₀)
 * </pre>
 *
 * Parameters with random initial values are not pulled. p₀ is kept in F32 beside the parameter. It is not part of the
 * state, because a resumed run starts from the same model.
 */
final class L2SpPenalty implements Optimizer {
    /** A parameter with its initial values. */
    private record Pulled(ParameterGradient trained, NDArray start, double rate) {}

    private final Optimizer optimizer;
    private final ScriptModule script;
    private final double strength;
    private final List<Pulled> pulled;

    /**
     * Creates the penalty; the parameters' present values are their start.
     *
     * @param manager owner of the copies of initial values
     */
    L2SpPenalty(Optimizer optimizer, NDManager manager, TrainingConfig training, List<ParameterGradient> parameters) {
        this.optimizer = optimizer;
        this.script = ScriptModule.load(manager, List.of("core.optim.l2_sp_penalty"), Map.of());
        this.strength = training.l2Sp();
        this.pulled = parameters.stream()
                .filter(trained -> !trained.parameter().drawn())
                .map(trained -> new Pulled(trained, copy(manager, trained), LearningRates.share(training, trained)))
                .toList();
    }

    private static NDArray copy(NDManager manager, ParameterGradient trained) {
        NDArray copy = trained.parameter().value().duplicate();
        copy.attach(manager);
        copy.setRequiresGradient(false);
        return copy;
    }

    @Override
    public void step(NDManager owner, long step, double rate, double divisor) {
        optimizer.step(owner, step, rate, divisor);
        for (Pulled one : pulled) {
            script.call(owner, "pull", one.trained().parameter().value(), one.start(), rate * one.rate() * strength);
        }
    }

    @Override
    public Map<String, NDArray> state() {
        return optimizer.state();
    }
}
