package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.quant.DynamicCode;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@link AdamW} with moments of one byte per value instead of four (Dettmers et al., 8-bit Optimizers via Block-wise
 * Quantization, 2022). Both moments are kept as codes of {@link DynamicCode}; the codes of the second moment are
 * unsigned. Each block of {@value DynamicCode#BLOCK} values has its largest magnitude. A step widens the moments,
 * updates the parameter, and rounds the moments to the nearest codes, as bitsandbytes'
 * {@code optimizer_update_8bit_blockwise}. As in bitsandbytes and {@code transformers}, the moments of parameters with
 * fewer than {@value #LEAST} values and of embeddings stay F32.
 *
 * <p>The state is that of bitsandbytes: {@code state1.PARAMETER} and {@code state2.PARAMETER}, U8 [values], and
 * {@code absmax1.PARAMETER} and {@code absmax2.PARAMETER}, F32 [blocks].
 */
final class AdamW8bit implements Optimizer {
    /** Least number of values of a parameter whose moments are codes: bitsandbytes' {@code min_8bit_size}. */
    static final int LEAST = 4096;

    /** Number of values that are widened at once: whole blocks. */
    private static final int CHUNK = 1 << 18;

    /** A parameter with its moments. */
    private record Slot(ParameterGradient trained, List<NDArray> states, List<NDArray> absmaxes) {
        static Slot of(NDManager manager, ParameterGradient trained) {
            Shape values = new Shape(trained.parameter().size());
            Shape blocks = new Shape(blocks(trained.parameter().size()));
            return new Slot(
                    trained,
                    List.of(manager.zeros(values, DataType.UINT8), manager.zeros(values, DataType.UINT8)),
                    List.of(manager.zeros(blocks, DataType.FLOAT32), manager.zeros(blocks, DataType.FLOAT32)));
        }
    }

    private final ScriptModule script;
    private final TrainingConfig training;
    /** Codes of the first and of the second moment, as the script reads them. */
    private final List<NDArray> codes;

    private final List<NDArray> above;
    private final List<NDArray> cells;
    /** Numbers in host memory, and the same memory as integers, in which the script reads a number's bits. */
    private final List<NDArray> scratch;

    private final List<Slot> slots;
    private final AdamW others;

    /** See {@link OptimizerKind#create}. */
    AdamW8bit(NDManager manager, TrainingConfig training, List<ParameterGradient> parameters) {
        this.script = ScriptModule.load(
                manager,
                List.of("core.optim.adamw_8bit"),
                Map.of(
                        "beta1", training.adamBeta1(),
                        "beta2", training.adamBeta2(),
                        "eps", training.adamEpsilon(),
                        "block", DynamicCode.BLOCK,
                        "chunk", CHUNK));
        this.training = training;
        List<float[]> values = List.of(DynamicCode.values(), DynamicCode.unsignedValues());
        List<float[]> limits = values.stream().map(DynamicCode::above).toList();
        this.codes = values.stream().map(code -> tensor(manager, code)).toList();
        this.above = limits.stream().map(limit -> tensor(manager, limit)).toList();
        this.cells = limits.stream()
                .map(limit -> {
                    byte[] ofHalves = DynamicCode.cells(limit);
                    return manager.create(ByteBuffer.wrap(ofHalves), new Shape(ofHalves.length), DataType.UINT8);
                })
                .toList();
        this.scratch = scratch(manager);
        this.slots = parameters.stream()
                .filter(trained -> isCoded(trained.parameter()))
                .map(trained -> Slot.of(manager, trained))
                .toList();
        this.others = new AdamW(
                manager,
                training,
                parameters.stream()
                        .filter(trained -> !isCoded(trained.parameter()))
                        .toList());
    }

    private static List<NDArray> scratch(NDManager manager) {
        Device device = Device.of(manager);
        if (!device.readsInPlace()) {
            return List.of();
        }
        Shape shape = new Shape(CHUNK);
        NDArray numbers = manager.zeros(shape, DataType.FLOAT32);
        return List.of(numbers, manager.create(device.read(numbers), shape, DataType.INT32));
    }

    private static NDArray tensor(NDManager manager, float[] byCode) {
        return Tensors.of(manager, byCode, new Shape(DynamicCode.CODES));
    }

    /**
     * Returns whether the moments are codes. The last share of a parameter may have fewer than {@value #LEAST} values.
     */
    private static boolean isCoded(Parameter parameter) {
        boolean large = parameter.size() >= LEAST || range(parameter).to() != TensorRange.ALL;
        return large && parameter.kind() != WeightSpec.Kind.EMBEDDING;
    }

    private static TensorRange range(Parameter parameter) {
        return TensorRange.ofName(parameter.name());
    }

    private static long blocks(long count) {
        return (count + DynamicCode.BLOCK - 1) / DynamicCode.BLOCK;
    }

    /** Returns the size in bytes of the moments of a number of values; the moments of a table are F32. */
    static long stateBytes(long count, long looked) {
        return AdamW.stateBytes(looked, looked) + 2 * (count - looked + blocks(count - looked) * Float.BYTES);
    }

    @Override
    public void step(NDManager owner, long step, double rate, double divisor) {
        others.step(owner, step, rate, divisor);
        double first = 1 - Math.pow(training.adamBeta1(), (double) step);
        double second = 1 - Math.pow(training.adamBeta2(), (double) step);
        for (Slot slot : slots) {
            Parameter parameter = slot.trained().parameter();
            script.call(
                    owner,
                    "adamw_8bit",
                    parameter.value(),
                    slot.trained().gradient().dense(),
                    slot.states(),
                    slot.absmaxes(),
                    codes,
                    above,
                    cells,
                    scratch,
                    first,
                    second,
                    divisor,
                    rate * LearningRates.share(training, slot.trained()),
                    parameter.decayed() ? training.weightDecay() : 0.0);
        }
    }

    @Override
    public Map<String, NDArray> state() {
        Map<String, NDArray> state = new LinkedHashMap<>(others.state());
        for (Slot slot : slots) {
            String name = slot.trained().parameter().name();
            TensorRange range = range(slot.trained().parameter());
            boolean whole = range.to() == TensorRange.ALL;
            String blocks = new TensorRange(
                            range.tensor(), range.from() / DynamicCode.BLOCK, whole ? range.to() : blocks(range.to()))
                    .name();
            for (int moment = 1; moment <= 2; moment++) {
                state.put("state" + moment + "." + name, slot.states().get(moment - 1));
                state.put("absmax" + moment + "." + blocks, slot.absmaxes().get(moment - 1));
            }
        }
        return state;
    }
}
