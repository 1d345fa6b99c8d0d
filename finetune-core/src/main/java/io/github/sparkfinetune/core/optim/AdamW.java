package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
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
 * Biases and norm weights are not decayed.
 */
public final class AdamW {
    /** Scripts that the optimiser needs in its module. */
    public static final List<String> SCRIPTS = List.of("/io/github/sparkfinetune/core/optim/adamw.py");

    /**
     * Settings.
     *
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param epsilon added to the denominator
     * @param weightDecay decoupled decay
     */
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {}

    /** A parameter with its gradient and moments. */
    private record Slot(Parameter parameter, NDArray gradient, NDArray m, NDArray v) {}

    private final ScriptModule script;
    private final NDManager manager;
    private final Settings settings;
    private final Map<String, Slot> slots = new LinkedHashMap<>();

    /**
     * An optimiser without parameters.
     *
     * @param manager owner of the moments
     * @param script module with {@link #SCRIPTS}
     */
    public AdamW(NDManager manager, ScriptModule script, Settings settings) {
        this.manager = manager;
        this.script = script;
        this.settings = settings;
    }

    /** Adds a parameter and the tensor that holds its gradient whenever {@link #step} is called. */
    public void add(Parameter parameter, NDArray gradient) {
        Shape shape = parameter.value().getShape();
        slots.put(
                parameter.name(),
                new Slot(
                        parameter,
                        gradient,
                        manager.zeros(shape, DataType.FLOAT32),
                        manager.zeros(shape, DataType.FLOAT32)));
    }

    /**
     * One step.
     *
     * @param owner of temporary tensors
     * @param step number of this step, from 1
     * @param rate learning rate
     * @param divisor gradients are divided by it before use, for clipping
     */
    public void step(NDManager owner, long step, double rate, double divisor) {
        NDArray number = Tensors.of(owner, (double) step);
        NDArray scale = Tensors.of(owner, divisor);
        for (boolean decayed : new boolean[] {true, false}) {
            List<Slot> group = slots.values().stream()
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
                        settings.beta1(),
                        settings.beta2(),
                        settings.epsilon(),
                        decayed ? settings.weightDecay() : 0);
            }
        }
    }

    /** The moments by name, exp_avg.PARAMETER and exp_avg_sq.PARAMETER; written in place by a resume. */
    public Map<String, NDArray> moments() {
        Map<String, NDArray> moments = new LinkedHashMap<>();
        slots.forEach((name, slot) -> {
            moments.put("exp_avg." + name, slot.m());
            moments.put("exp_avg_sq." + name, slot.v());
        });
        return moments;
    }

    /** The parameters, in the order they were added. */
    public List<Parameter> parameters() {
        return slots.values().stream().map(Slot::parameter).toList();
    }
}
