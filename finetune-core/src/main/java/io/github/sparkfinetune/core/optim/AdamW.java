package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
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
    /** Values that PyTorch's kernel works on together, in any vector of a processor. */
    static final int STRETCH = 16;

    /** A parameter with its gradient and moments. */
    private record Slot(ParameterGradient trained, NDArray m, NDArray v) {
        static Slot of(NDManager manager, ParameterGradient trained) {
            Shape shape = trained.parameter().value().getShape();
            return new Slot(trained, manager.zeros(shape, DataType.FLOAT32), manager.zeros(shape, DataType.FLOAT32));
        }

        Parameter parameter() {
            return trained.parameter();
        }
    }

    /**
     * Parameters that are moved by one call.
     *
     * @param rate share of the learning rate
     */
    private record Group(boolean decayed, double rate) {}

    private final ScriptModule script;
    private final TrainingConfig training;
    private final List<Slot> slots;
    private final Map<Group, List<Slot>> groups = new LinkedHashMap<>();

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
        // Those that decay come first, as PyTorch's parameter groups of transformers have them.
        for (boolean decayed : new boolean[] {true, false}) {
            for (Slot slot : slots) {
                if (slot.parameter().decayed() == decayed) {
                    Group group = new Group(decayed, LearningRates.share(training, slot.trained()));
                    groups.computeIfAbsent(group, first -> new ArrayList<>()).add(slot);
                }
            }
        }
    }

    /** Bytes of the moments of this many values, whatever they are of. */
    static long stateBytes(long count, long looked) {
        return 2 * count * Float.BYTES;
    }

    @Override
    public void step(NDManager owner, long step, double rate, double divisor) {
        NDArray number = Tensors.of(owner, (double) step);
        NDArray scale = Tensors.of(owner, divisor);
        groups.forEach((group, members) -> script.call(
                owner,
                "adamw",
                members.stream().map(slot -> slot.parameter().value()).toList(),
                members.stream().map(slot -> slot.trained().gradient()).toList(),
                members.stream().map(Slot::m).toList(),
                members.stream().map(Slot::v).toList(),
                number,
                scale,
                rate * group.rate(),
                group.decayed() ? training.weightDecay() : 0));
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
