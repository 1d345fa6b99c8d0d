package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.checkpoint.TensorInfo;
import io.github.sparkfinetune.core.checkpoint.TensorSource;
import io.github.sparkfinetune.core.checkpoint.TensorType;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.Seeds;
import io.github.sparkfinetune.data.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Loads weights from a checkpoint by the names that a model knows them by, and makes those that a new head needs. */
final class Weights {
    /** Biases and norms, as {@code Trainer.get_decay_parameter_names} finds them by name and by the norm's class. */
    private static final Pattern NOT_DECAYED =
            Pattern.compile("bias|LayerNorm|layernorm|(^|[._])norm\\.|(^|\\.)ln_\\w+\\.");

    private final TensorSource source;
    private final String prefix;
    private final NDManager manager;
    private final ScriptModule script;
    private final long seed;
    private final double initializerRange;

    /**
     * @param prefix of the weights below the head, which a checkpoint without a head lacks
     * @param seed of new weights
     * @param initializerRange their standard deviation
     */
    Weights(
            TensorSource source,
            String prefix,
            NDManager manager,
            ScriptModule script,
            long seed,
            double initializerRange) {
        this.source = source;
        this.prefix = prefix;
        this.manager = manager;
        this.script = script;
        this.seed = seed;
        this.initializerRange = initializerRange;
    }

    /** A weight of the pretrained part. */
    Parameter pretrained(String name, boolean trainable, long... shape) {
        NDArray value = load(name, trainable, shape)
                .orElseThrow(() -> RunException.data("the model's weights have no tensor " + name
                        + " (nor under its older names): is this a checkpoint of the architecture in config.json?"));
        return parameter(name, value, trainable);
    }

    /**
     * A weight of a head: loaded where the checkpoint has it in this shape, else drawn from N(0, initializerRange); one
     * that is not trained must be there.
     */
    Parameter head(String name, boolean trainable, long... shape) {
        if (!trainable) {
            return pretrained(name, false, shape);
        }
        Optional<String> stored = storedName(name);
        if (stored.isPresent() && Arrays.equals(source.info(stored.get()).shape(), shape)) {
            return parameter(name, load(name, trainable, shape).orElseThrow(), trainable);
        }
        return parameter(name, drawn(name, shape), trainable);
    }

    private Parameter parameter(String name, NDArray value, boolean trainable) {
        value.setRequiresGradient(trainable);
        return new Parameter(name, value, !NOT_DECAYED.matcher(name).find(), trainable);
    }

    private Optional<String> storedName(String name) {
        // TensorFlow's first BERT checkpoints call a norm's weight gamma and its bias beta.
        String older = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        for (String candidate : new String[] {name, older}) {
            String bare = candidate.startsWith(prefix) ? candidate.substring(prefix.length()) : candidate;
            if (source.names().contains(candidate)) {
                return Optional.of(candidate);
            } else if (source.names().contains(bare)) {
                return Optional.of(bare);
            }
        }
        return Optional.empty();
    }

    private Optional<NDArray> load(String name, boolean trainable, long... shape) {
        return storedName(name).map(stored -> {
            TensorInfo info = source.info(stored);
            if (!Arrays.equals(info.shape(), shape)) {
                throw RunException.data(source.fileOf(stored) + ": tensor " + stored + " has shape "
                        + Arrays.toString(info.shape()) + ", config.json says " + Arrays.toString(shape));
            }
            if (info.dtype() == TensorType.F32 && !trainable) {
                // Used where it lies in the mapped file: never written, shared by all ranks of this machine.
                return manager.create(source.buffer(stored), new Shape(shape), DataType.FLOAT32);
            }
            NDArray value = manager.create(new Shape(shape), DataType.FLOAT32);
            fill(value, target -> source.floats(stored, target));
            return value;
        });
    }

    private NDArray drawn(String name, long... shape) {
        NDArray value = manager.zeros(new Shape(shape), DataType.FLOAT32);
        if (!name.endsWith(".bias")) {
            SplittableRandom random = new SplittableRandom(Seeds.derive(seed, Purpose.INITIALISATION, name.hashCode()));
            fill(value, target -> {
                for (int i = target.position(); i < target.limit(); i++) {
                    target.put(i, (float) (random.nextGaussian() * initializerRange));
                }
            });
        }
        return value;
    }

    private void fill(NDArray value, Consumer<FloatBuffer> writer) {
        if (value.getDevice().isGpu()) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(value.size() * Float.BYTES))
                    .order(ByteOrder.nativeOrder());
            writer.accept(bytes.asFloatBuffer());
            script.write(value, bytes);
        } else {
            writer.accept(
                    value.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer());
        }
    }
}
