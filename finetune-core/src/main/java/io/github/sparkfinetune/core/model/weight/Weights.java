package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Weights of a checkpoint by the model's names, and new weights of a new head. */
public final class Weights {
    private final TensorSource source;
    private final StoredNames names;
    private final NDManager manager;
    /** Owner of trained weights. */
    private NDManager trained;

    private final Device device;
    private final ScriptModule script;
    private final Adaptation adaptation;
    private final WeightPlacements placements;
    private final FrozenTensors frozen;
    private final StoredLinears linears;
    private final long seed;
    private final double initializerRange;

    /**
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    public Weights(
            TensorSource source,
            Architecture architecture,
            NDManager manager,
            ScriptModule script,
            Adaptation adaptation,
            long seed) {
        this.source = source;
        this.placements = new WeightPlacements(source, architecture, adaptation);
        this.names = placements.names();
        this.manager = manager;
        this.trained = manager;
        this.device = Device.of(manager);
        this.script = script;
        this.adaptation = adaptation;
        this.frozen = new FrozenTensors(source, device, script);
        this.linears = new StoredLinears(source, names, architecture, adaptation, manager);
        this.seed = seed;
        this.initializerRange = architecture.shape().initializerRange();
    }

    public Adaptation adaptation() {
        return adaptation;
    }

    public WeightPlacements placements() {
        return placements;
    }

    public Device device() {
        return device;
    }

    public ScriptModule script() {
        return script;
    }

    /** Loads weights whose trained tensors belong to another manager. */
    public <T> T owned(NDManager owner, Supplier<T> load) {
        trained = owner;
        try {
            return load.get();
        } finally {
            trained = manager;
        }
    }

    public long seed() {
        return seed;
    }

    /**
     * Loads a weight in F32.
     *
     * @param placement {@link WeightPlacement#TRAINED} or a frozen placement in F32
     * @param mayBeNew whether a trained weight is initialised if the checkpoint lacks it or has another shape. Values
     *     are drawn from N(0, initializerRange); a norm's scales are 1, biases 0
     */
    public Parameter parameter(WeightSpec weight, WeightPlacement placement, boolean mayBeNew) {
        boolean trainable = placement == WeightPlacement.TRAINED;
        Optional<TensorData> start =
                adaptation.start().map(adapter -> adapter.tensors().get(weight.name()));
        if (start.isPresent()) {
            return parameter(weight, continued(start.get(), weight), trainable);
        }
        if (mayBeNew && trainable && !names.has(weight.name(), weight.shape())) {
            return parameter(weight, drawn(weight), true, true);
        }
        String required = names.require(weight.name());
        names.requireShape(required, weight.shape());
        return parameter(weight, load(required, trainable), trainable);
    }

    /** Loads a layer's linear that products read in BF16. */
    public NDArray bf16(WeightSpec weight) {
        String stored = names.require(weight.name());
        names.requireShape(stored, weight.shape());
        return frozen.bf16(stored);
    }

    /** Returns a stored weight in F32, in the stored order. */
    NDArray values(NDManager owner, WeightSpec weight) {
        String stored = names.require(weight.name());
        names.requireShape(stored, weight.shape());
        return frozen.copied(owner, stored);
    }

    /** Returns a frozen weight in the type that products read. The value is the stored tensor's, or made from it. */
    public NDArray forProducts(NDArray value, String stored) {
        if (!adaptation.bf16() || value.getDataType() != DataType.FLOAT32) {
            return value;
        }
        long[] shape = source.info(names.require(stored)).shape();
        return Arrays.equals(shape, value.getShape().getShape())
                ? frozen.bf16(names.require(stored))
                : script.callOne(manager, "product_weight", value);
    }

    /** Loads a layer's linear that is widened each time its layer is computed. */
    public StoredWeight stored(WeightSpec weight, WeightPlacement placement) {
        return linears.load(weight, placement);
    }

    /** Creates a trained parameter of an adapter. {@code values} writes the values into host memory. */
    public Parameter written(String name, Consumer<FloatBuffer> values, long... shape) {
        NDArray value = trained.create(new Shape(shape), DataType.FLOAT32);
        device.write(value, values);
        value.setRequiresGradient(true);
        return new Parameter(name, value, WeightSpec.Kind.LINEAR, true, true);
    }

    /** Creates a trained parameter with values of the continued adapter. */
    public Parameter continued(TensorData tensor) {
        NDArray value = trained.create(new Shape(tensor.shape()), DataType.FLOAT32);
        TensorParts.write(script, value, tensor.values());
        value.setRequiresGradient(true);
        return new Parameter(tensor.name(), value, WeightSpec.Kind.LINEAR, true, true);
    }

    private Parameter parameter(WeightSpec weight, NDArray value, boolean trainable) {
        return parameter(weight, value, trainable, false);
    }

    private Parameter parameter(WeightSpec weight, NDArray value, boolean trainable, boolean drawn) {
        value.setRequiresGradient(trainable);
        return new Parameter(weight.name(), value, weight.kind(), trainable, drawn);
    }

    private NDArray continued(TensorData tensor, WeightSpec weight) {
        long[] expected = weight.shape();
        if (!Arrays.equals(tensor.shape(), expected)) {
            boolean longer = tensor.shape().length == 2 && expected.length == 2 && tensor.shape()[1] == expected[1];
            throw longer
                    ? RunException.config("tokenizer.add_special_tokens: the adapter's " + tensor.name() + " has "
                            + tensor.shape()[0] + " rows, but the model with the run's tokens has " + expected[0]
                            + ": list the tokens that the adapter was trained with")
                    : StoredNames.wrongShape("the adapter", tensor.name(), tensor.shape(), expected);
        }
        return continued(tensor).value();
    }

    /**
     * Loads an embedding table, or a weight of the lm_head. If the vocabulary has grown, each new row is the mean of
     * the stored rows. {@code resize_token_embeddings} of {@code transformers} does the same and adds noise. A bias
     * that the checkpoint lacks is 0.
     */
    public Parameter vocabulary(WeightSpec weight, BlockKind kind, String stored) {
        WeightPlacement placement = placements.vocabulary(weight, kind, stored);
        boolean trainable = placement == WeightPlacement.TRAINED;
        Optional<TensorData> start =
                adaptation.start().map(adapter -> adapter.tensors().get(weight.name()));
        if (start.isPresent()) {
            return parameter(weight, continued(start.get(), weight), trainable);
        }
        if (weight.kind() == WeightSpec.Kind.BIAS && names.find(stored).isEmpty()) {
            return parameter(weight, drawn(weight), trainable, true);
        }
        String found = names.require(stored);
        long[] shape = source.info(found).shape();
        long rows = weight.shape()[0];
        if (shape[0] >= rows || !Arrays.equals(tail(shape), tail(weight.shape()))) {
            names.requireShape(found, weight.shape());
            Optional<NDArray> bf16 = placement.isBf16() ? frozen.storedBf16(found) : Optional.empty();
            boolean changes = trainable || placements.hasTrainedRows(weight);
            return parameter(weight, bf16.orElseGet(() -> load(found, changes)), trainable);
        }
        NDArray value = trained.create(new Shape(weight.shape()), DataType.FLOAT32);
        TensorParts.write(script, value, grown(found));
        return parameter(weight, value, trainable);
    }

    /** Returns a table's values, and for rows beyond the stored table the mean of the stored rows. */
    private TensorParts.Values grown(String table) {
        TensorInfo info = source.info(table);
        long rows = info.shape()[0];
        int width = Math.toIntExact(info.count() / rows);
        double[] mean = new double[width];
        return (from, target) -> {
            int known = (int) Math.max(0, Math.min(target.remaining(), info.count() - from));
            source.floats(table, from, target.slice(target.position(), known));
            for (int i = 0; i < target.remaining(); i++) {
                int column = (int) ((from + i) % width);
                int at = target.position() + i;
                if (i < known) {
                    mean[column] += target.get(at) / (double) rows;
                } else {
                    target.put(at, (float) mean[column]);
                }
            }
        };
    }

    private static long[] tail(long[] shape) {
        return Arrays.copyOfRange(shape, Math.min(1, shape.length), shape.length);
    }

    /** @param changes whether the values may change, so that they need their own memory */
    private NDArray load(String stored, boolean changes) {
        return changes ? frozen.copied(trained, stored) : frozen.f32(stored);
    }

    private NDArray drawn(WeightSpec weight) {
        Shape shape = new Shape(weight.shape());
        if (weight.kind() == WeightSpec.Kind.NORM) {
            return trained.ones(shape, DataType.FLOAT32);
        }
        NDArray value = trained.zeros(shape, DataType.FLOAT32);
        if (weight.kind() != WeightSpec.Kind.BIAS) {
            SplittableRandom random = new SplittableRandom(
                    Seeds.derive(seed, Purpose.INITIALISATION, weight.name().hashCode()));
            TensorParts.write(script, value, (from, target) -> {
                for (int i = target.position(); i < target.limit(); i++) {
                    target.put(i, (float) (random.nextGaussian() * initializerRange));
                }
            });
        }
        return value;
    }
}
