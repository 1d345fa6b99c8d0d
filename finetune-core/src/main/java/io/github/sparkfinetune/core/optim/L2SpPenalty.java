package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;

/**
 * L2-SP (Li, Grandvalet and Davoine 2018): what is trained is pulled to where it started, decoupled from the gradient
 * as AdamW's decay is. With the rate η of a parameter p that started at p₀ and the strength α, after the optimizer's
 * step:
 *
 * <pre>
 * p ← p - η α (p - p₀)
 * </pre>
 *
 * Parameters whose first values were drawn are not pulled. p₀ is kept in F32 beside the parameter; it is no state, for
 * a resumed run starts from the same model.
 */
final class L2SpPenalty implements Optimizer {
    /** A parameter with its first values. */
    private record Pulled(ParameterGradient trained, NDArray start, double rate) {}

    private final Optimizer optimizer;
    private final ScriptModule script;
    private final double strength;
    private final List<Pulled> pulled;

    /**
     * Takes the values that the parameters have now for their start.
     *
     * @param manager owner of the copies
     */
    L2SpPenalty(Optimizer optimizer, NDManager manager, TrainingConfig training, List<ParameterGradient> parameters) {
        this.optimizer = optimizer;
        this.script = ScriptModule.load(manager, List.of("core.optim.l2_sp_penalty"), Map.of());
        this.strength = training.regularization().l2Sp();
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
