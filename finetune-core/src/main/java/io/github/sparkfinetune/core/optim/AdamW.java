package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW (Loshchilov and Hutter 2019) by PyTorch's fused kernel. With gradient g, rate η and decay λ:
 *
 * <pre>
 * p ← p (1 - η λ)
 * m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
 * p ← p - η m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)
 * </pre>
 *
 * Biases and norm weights are not decayed. Its state is m and v of each parameter, F32 of its shape, named
 * {@code exp_avg.PARAMETER} and {@code exp_avg_sq.PARAMETER} as PyTorch calls them.
 */
final class AdamW implements Optimizer {
    /** A parameter with its gradient and moments. */
    private record Slot(Parameter parameter, NDArray gradient, NDArray m, NDArray v) {
        static Slot of(NDManager manager, ParameterGradient trained) {
            Shape shape = trained.parameter().value().getShape();
            return new Slot(
                    trained.parameter(),
                    trained.gradient(),
                    manager.zeros(shape, DataType.FLOAT32),
                    manager.zeros(shape, DataType.FLOAT32));
        }
    }

    private final ScriptModule script;
    private final TrainingConfig training;
    private final List<Slot> slots;

    /** See {@link OptimizerKind#create}. */
    AdamW(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters) {
        this.script = ScriptModule.load(
                manager,
                List.of("core.optim.adamw"),
                Map.of(
                        "beta1", training.adamBeta1(),
                        "beta2", training.adamBeta2(),
                        "eps", training.adamEpsilon()));
        this.training = training;
        this.slots =
                parameters.stream().map(trained -> Slot.of(manager, trained)).toList();
    }

    /** Bytes of the moments of this many values. */
    static long stateBytes(long count) {
        return 2 * count * Float.BYTES;
    }

    @Override
    public void step(NDManager owner, long step, double rate, double divisor) {
        NDArray number = Tensors.of(owner, (double) step);
        NDArray scale = Tensors.of(owner, divisor);
        for (boolean decayed : new boolean[] {true, false}) {
            List<Slot> group = slots.stream()
                    .filter(slot -> slot.parameter().decayed() == decayed)
                    .toList();
            if (!group.isEmpty()) {
                script.call(
                        owner,
                        "adamw",
                        group.stream().map(slot -> slot.parameter().value()).toList(),
                        group.stream().map(Slot::gradient).toList(),
                        group.stream().map(Slot::m).toList(),
                        group.stream().map(Slot::v).toList(),
                        number,
                        scale,
                        rate,
                        decayed ? training.weightDecay() : 0);
            }
        }
    }

    @Override
    public Map<String, NDArray> state() {
        Map<String, NDArray> moments = new LinkedHashMap<>();
        for (Slot slot : slots) {
            moments.put("exp_avg." + slot.parameter().name(), slot.m());
            moments.put("exp_avg_sq." + slot.parameter().name(), slot.v());
        }
        return moments;
    }
}
