package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * AdamW (Loshchilov and Hutter 2019) in PyTorch's fused kernel. With gradient g, rate η and decay λ:
 *
 * <pre>
 * p ← p (1 - η λ)
 * m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
 * p ← p - η m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)
 * </pre>
 *
 * Biases and norm weights are not decayed. An embedding table of which a step reads some rows is updated one window of
 * rows at a time, with the same bits as at once. So a gradient of the whole table never exists. The state is m and v of
 * each parameter, F32, in its shape. Their names are PyTorch's: {@code exp_avg.PARAMETER} and
 * {@code exp_avg_sq.PARAMETER}.
 */
final class AdamW implements Optimizer {
    /** Multiple of the number of values in one vector of PyTorch's kernel, on any CPU. */
    static final int STRETCH = 16;

    /** Approximate number of values of a window, which fits in a CPU's cache. */
    private static final int WINDOW = 1 << 18;

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
     * Parameters that one call updates.
     *
     * @param rate factor of the learning rate
     */
    private record Group(boolean decayed, double rate) {}

    /**
     * A parameter whose gradient has only rows.
     *
     * @param window gradient of the rows that are updated now, [height, width]; otherwise zeros
     */
    private record Table(Slot slot, Group group, Gradient.Rows gradient, NDArray window) {
        static Table of(NDManager manager, Slot slot, Group group, Gradient.Rows gradient) {
            // Whole stretches for any row width.
            int height = Math.max(1, WINDOW / gradient.width() / STRETCH) * STRETCH;
            Shape window = new Shape(height, gradient.width());
            return new Table(slot, group, gradient, manager.zeros(window, DataType.FLOAT32));
        }

        /** Returns the number of ids before the end of each window of the parameter, preceded by the window before. */
        long[] ends(int[] ids) {
            long height = window.getShape().get(0);
            long first = gradient.from() / window.size();
            long last = (gradient.from() + slot.parameter().size() - 1) / window.size();
            return LongStream.rangeClosed(first, last + 1)
                    .map(number -> {
                        int index = Arrays.binarySearch(ids, Math.toIntExact(number * height));
                        return index < 0 ? -index - 1 : index;
                    })
                    .toArray();
        }
    }

    private final ScriptModule script;
    private final TrainingConfig training;
    private final List<Slot> slots;
    private final Map<Group, List<Slot>> groups = new LinkedHashMap<>();
    private final List<Table> tables = new ArrayList<>();

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
        for (Slot slot : slots) {
            Group group = new Group(slot.parameter().decayed(), LearningRates.share(training, slot.trained()));
            if (slot.trained().gradient() instanceof Gradient.Rows gradient) {
                tables.add(Table.of(manager, slot, group, gradient));
            } else {
                groups.computeIfAbsent(group, first -> new ArrayList<>()).add(slot);
            }
        }
    }

    /** Returns the size in bytes of the moments of a number of values. */
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
                members.stream().map(slot -> slot.trained().gradient().dense()).toList(),
                members.stream().map(Slot::m).toList(),
                members.stream().map(Slot::v).toList(),
                number,
                scale,
                rate * group.rate(),
                decay(group)));
        for (Table table : tables) {
            Gradient.LookedUp rows = table.gradient().step().get();
            script.call(
                    owner,
                    "adamw_rows",
                    table.slot().parameter().value(),
                    table.gradient().from(),
                    Tensors.of(owner, Arrays.stream(rows.ids()).asLongStream().toArray()),
                    rows.rows(),
                    table.ends(rows.ids()),
                    table.window(),
                    table.slot().m(),
                    table.slot().v(),
                    number,
                    scale,
                    rate * table.group().rate(),
                    decay(table.group()));
        }
    }

    private double decay(Group group) {
        return group.decayed() ? training.weightDecay() : 0;
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
