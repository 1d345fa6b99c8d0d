package io.github.sparkfinetune.core.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Initial values of a linear's adapter if PEFT's {@code init_lora_weights} is set (source:
 * {@code peft/tuners/lora/layer.py}). With s as the adapter's scaling:
 *
 * <ul>
 *   <li>{@code gaussian}: A is drawn from N(0, 1/r²), B is zero.
 *   <li>{@code pissa} (Meng et al. 2024): {@code s·B·A} is the nearest matrix of rank r to the weight, by singular
 *       value decomposition. {@code pissa_niter_N} uses N iterations of a random subspace, which is faster. The base
 *       keeps the rest; see {@link ResidualWeights}.
 *   <li>{@code loftq} (Li et al. 2023), with one iteration: {@code s·B·A} is the nearest matrix of rank r to the
 *       quantisation error of the 4-bit weight. PEFT leaves s out, so PEFT's values equal these if {@code lora_alpha =
 *       r}.
 * </ul>
 *
 * DoRA's magnitude is then the magnitude of {@code W + s·B·A}.
 */
public final class InitialValues implements AutoCloseable {
    private static final String ITERATIONS = "_niter_";

    private final MethodConfig method;
    private final long seed;
    private final int threads;
    private final TensorSource source;
    private final StoredNames names;
    private final NDManager manager;
    private final ScriptModule script;

    /**
     * Opens the source of initial values.
     *
     * @param seed the run's seed
     * @param threads number of threads for quantisation
     * @param source the base model's weights
     * @param prefix prefix of the weights below the head
     * @param parent manager whose device computes
     */
    public InitialValues(
            MethodConfig method, long seed, int threads, TensorSource source, String prefix, NDManager parent) {
        this.method = method;
        this.seed = seed;
        this.threads = threads;
        this.source = source;
        this.names = new StoredNames(source, prefix);
        this.manager = parent.newSubManager();
        this.script = ScriptModule.load(manager, List.of("core.adapter.low_rank"), Map.of());
    }

    /** Returns a linear's tensors: A, B and with DoRA the magnitude. */
    public List<TensorData> of(LoraModule module) {
        String stored = names.find(module.module().weight())
                .orElseThrow(() -> RunException.config(
                        "method.init_lora_weights: " + module.module().name()
                                + " has no weight in the checkpoint: leave it out of method.target_modules"));
        if (Nf4Checkpoint.holds(source, stored)) {
            throw RunException.config("method.init_lora_weights: " + method.initLoraWeights() + " needs the weights"
                    + " before quantisation to 4 bits: set model to the full-precision model");
        }
        FloatBuffer weight = FourBits.direct(module.module()).asFloatBuffer();
        source.floats(stored, 0, weight);
        float[][] factors = switch (method.initLoraWeights()) {
            case MethodConfig.GAUSSIAN -> gaussian(module);
            case MethodConfig.LOFTQ -> {
                FloatBuffer quantised =
                        FourBits.weight(module.module(), source, stored, method.bnb4bitUseDoubleQuant(), threads);
                float[][] lost = nearest(module, difference(weight, quantised));
                weight = quantised;
                yield lost;
            }
            default -> nearest(module, weight);
        };
        return tensors(module, weight, factors);
    }

    private List<TensorData> tensors(LoraModule module, FloatBuffer weight, float[][] factors) {
        TensorData a = TensorData.f32(module.a(), module.shapeOfA(), factors[0]);
        TensorData b = TensorData.f32(module.b(), module.shapeOfB(), factors[1]);
        if (!module.dora()) {
            return List.of(a, b);
        }
        if (!method.isPissa()) {
            // PiSSA's base and adapter add up to the original weight.
            LoraModule without = new LoraModule(module.module(), module.r(), module.scaling(), 0, false);
            LoraMerge.merge(without, weight, FloatBuffer.wrap(factors[0]), FloatBuffer.wrap(factors[1]), null);
        }
        float[] magnitude = new float[module.module().out()];
        LoraInit.magnitude(module.module(), weight, FloatBuffer.wrap(magnitude));
        return List.of(a, b, TensorData.f32(module.magnitude(), module.shapeOfMagnitude(), magnitude));
    }

    private float[][] gaussian(LoraModule module) {
        float[] a =
                gaussian(module, Math.multiplyExact(module.r(), module.module().in()), 1.0 / module.r());
        return new float[][] {a, new float[Math.multiplyExact(module.module().out(), module.r())]};
    }

    private float[] gaussian(LoraModule module, int count, double deviation) {
        SplittableRandom random = new SplittableRandom(
                Seeds.derive(seed, Purpose.INITIALISATION, module.a().hashCode()));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }

    /** Returns A and B so that s·B·A is near a matrix in the layout of the linear's stored weight. */
    private float[][] nearest(LoraModule module, FloatBuffer matrix) {
        LinearModule linear = module.module();
        if (module.r() > Math.min(linear.in(), linear.out())) {
            throw RunException.config(
                    "method.init_lora_weights: " + method.initLoraWeights() + " needs a rank of at" + " most "
                            + Math.min(linear.in(), linear.out()) + " for " + linear.name() + ", it is " + module.r());
        }
        try (NDManager owner = manager.newSubManager()) {
            Shape shape = linear.conv1d() ? new Shape(linear.in(), linear.out()) : new Shape(linear.out(), linear.in());
            NDArray stored = owner.create(shape, DataType.FLOAT32);
            Device device = Device.of(manager);
            device.write(
                    stored, target -> target.put(target.position(), matrix, matrix.position(), target.remaining()));
            NDArray w = linear.conv1d() ? stored.transpose() : stored;
            int at = method.initLoraWeights().indexOf(ITERATIONS);
            List<NDArray> factors;
            if (at < 0) {
                factors = script.call(owner, "low_rank", w, module.r());
            } else {
                int iterations = Integer.parseInt(method.initLoraWeights().substring(at + ITERATIONS.length()));
                float[] start = gaussian(module, Math.multiplyExact(linear.in(), module.r()), 1);
                NDArray random = owner.create(start, new Shape(linear.in(), module.r()));
                factors = script.call(owner, "low_rank_by_iteration", w, random, iterations);
            }
            return new float[][] {scaled(factors.get(0), module), scaled(factors.get(1), module)};
        }
    }

    /** Returns a factor times 1 / √s, so that B·A is divided by s. */
    private static float[] scaled(NDArray factor, LoraModule module) {
        float[] values = factor.toFloatArray();
        double share = 1 / Math.sqrt(module.scaling());
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] * share);
        }
        return values;
    }

    private static FloatBuffer difference(FloatBuffer weight, FloatBuffer less) {
        for (int i = 0; i < weight.limit(); i++) {
            weight.put(i, weight.get(i) - less.get(i));
        }
        return weight;
    }

    @Override
    public void close() {
        manager.close();
    }
}
