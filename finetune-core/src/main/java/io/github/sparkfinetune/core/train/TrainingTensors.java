package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.checkpoint.NeededState;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.core.train.step.TrainStep;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** A rank's trained parameters and its optimizer's state: written, restored and hashed part by part. */
final class TrainingTensors {
    private final Device device;
    private final RankContext rank;
    private final Model model;
    private final TrainStep step;

    TrainingTensors(Device device, RankContext rank, Model model, TrainStep step) {
        this.device = device;
        this.rank = rank;
        this.model = model;
        this.step = step;
    }

    /** Returns the trained parameters that this rank holds whole. */
    List<Parameter> parameters() {
        return step.gradients().whole();
    }

    /**
     * Returns the trained parameters that this rank holds whole, as they are now.
     *
     * @param progressed called before each part that is read; may throw
     */
    List<TensorData> trained(Runnable progressed) {
        return parameters().stream()
                .map(parameter -> written(parameter.name(), parameter.value(), progressed))
                .toList();
    }

    /**
     * Returns the optimizer's state and this rank's shares of trained parameters, as they are now.
     *
     * @param progressed called before each part that is read; may throw
     */
    List<TensorData> own(Runnable progressed) {
        List<TensorData> own = new ArrayList<>();
        step.optimizer().state().forEach((name, value) -> own.add(written(name, value, progressed)));
        step.gradients().shares().forEach(share -> own.add(written(share.name(), share.value(), progressed)));
        return own;
    }

    /** Returns a tensor to write, in the type that it has in memory; its bytes are read on demand. */
    TensorData written(String name, NDArray value) {
        // The other ranks wait while only this rank writes.
        return written(name, value, rank::progressed);
    }

    private TensorData written(String name, NDArray value, Runnable progressed) {
        return new TensorData(name, type(value), value.getShape().getShape(), () -> (from, length) -> {
            progressed.run();
            return TensorParts.read(device, model.script(), value, from, length);
        });
    }

    private static TensorType type(NDArray value) {
        return switch (value.getDataType()) {
            case FLOAT32 -> TensorType.F32;
            case UINT8 -> TensorType.U8;
            // DJL has no name for BF16, the type of some frozen weights.
            case UNKNOWN -> TensorType.BF16;
            default -> throw new IllegalArgumentException("a tensor of " + value.getDataType());
        };
    }

    /** Returns whether tensors to write share the memory of the trained tensors. */
    boolean areReadInPlace() {
        return device.readsInPlace();
    }

    /**
     * Reads a checkpoint's parameters, or this rank's shares of them.
     *
     * @throws RunException if a parameter has another shape
     */
    void restoreParameters(LoadedCheckpoint loaded) {
        Gradients gradients = step.gradients();
        Stream.concat(
                        gradients.whole().stream(),
                        gradients.sharded().values().stream().flatMap(List::stream))
                .forEach(parameter -> requireShape(loaded, parameter));
        Stream.concat(gradients.whole().stream(), gradients.shares().stream())
                .forEach(parameter -> overwrite(
                        parameter.value(), (from, bytes) -> loaded.readParameter(parameter.name(), from, bytes)));
        model.updated();
    }

    private static void requireShape(LoadedCheckpoint loaded, Parameter parameter) {
        loaded.shape(parameter.name())
                .filter(shape -> !Arrays.equals(shape, parameter.shape()))
                .ifPresent(shape -> {
                    throw RunException.data("the checkpoint's tensor " + parameter.name() + " has shape "
                            + Arrays.toString(shape) + ", the model's " + Arrays.toString(parameter.shape())
                            + ": train into a new output.dir");
                });
    }

    /** Returns what this rank needs of a checkpoint to go on training. */
    NeededState neededState() {
        Map<String, Long> values = new HashMap<>(neededParameters().values());
        step.optimizer().state().forEach((name, tensor) -> values.put(name, tensor.size()));
        return new NeededState(values, step.share());
    }

    /** Returns what this rank needs of a checkpoint for its parameters. */
    NeededState neededParameters() {
        Map<String, Long> values = new HashMap<>();
        Stream.concat(step.gradients().whole().stream(), step.gradients().shares().stream())
                .forEach(parameter -> values.put(parameter.name(), parameter.size()));
        return new NeededState(values, step.share());
    }

    /** Reads a checkpoint's optimizer state. */
    void restoreOptimizer(LoadedCheckpoint loaded) {
        step.optimizer()
                .state()
                .forEach((name, tensor) ->
                        overwrite(tensor, (from, bytes) -> loaded.shares().read(name, from, bytes)));
    }

    /** Fills a buffer with a stored tensor's bytes, starting at {@code from}. */
    private interface Reading {
        void read(long from, ByteBuffer target);
    }

    private void overwrite(NDArray tensor, Reading stored) {
        eachPart(tensor, (from, host) -> {
            stored.read(from, host.bytes());
            host.upload();
            rank.progressed();
        });
    }

    /** Visits the parts of a tensor in host memory. */
    void eachPart(NDArray tensor, TensorParts.Part visitor) {
        TensorParts.each(device, model.script(), tensor, visitor);
    }

    /** Returns a hash of all trained parameters, equal on ranks that hold the same bits. */
    long parametersHash() {
        return hash(parameters().stream().map(Parameter::value));
    }

    /** Returns a hash of the optimizer's state. */
    long optimizerHash() {
        return hash(step.optimizer().state().values().stream());
    }

    private long hash(Stream<NDArray> tensors) {
        CRC32C crc = new CRC32C();
        tensors.forEach(tensor -> TensorParts.read(device, model.script(), tensor, crc::update));
        return crc.getValue();
    }
}
