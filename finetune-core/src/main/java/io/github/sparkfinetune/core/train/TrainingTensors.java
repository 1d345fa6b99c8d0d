package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.NeededState;
import io.github.sparkfinetune.core.checkpoint.StoredState;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
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

    /** Returns the parameters that are trained. */
    List<Parameter> parameters() {
        return step.gradients().parameters().stream()
                .map(ParameterGradient::parameter)
                .toList();
    }

    /** Returns the trained parameters as they are now. */
    List<TensorData> trained() {
        return parameters().stream()
                .map(parameter -> written(parameter.name(), parameter.value()))
                .toList();
    }

    /** Returns the optimizer's state as it is now. */
    List<TensorData> optimizer() {
        return step.optimizer().state().entrySet().stream()
                .map(entry -> written(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** Returns a tensor to write, in the type that it has in memory; its bytes are read on demand. */
    TensorData written(String name, NDArray value) {
        return new TensorData(name, type(value), value.getShape().getShape(), () -> (from, length) -> {
            // The other ranks wait while only this rank writes.
            rank.progressed();
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
     * Reads a checkpoint's parameters.
     *
     * @throws RunException if a parameter has another shape
     */
    void restoreParameters(SafetensorsFile file) {
        for (Parameter parameter : parameters()) {
            NDArray target = parameter.value();
            String name = parameter.name();
            if (!Arrays.equals(file.info(name).shape(), target.getShape().getShape())) {
                throw RunException.data("the checkpoint's tensor " + name + " has shape "
                        + Arrays.toString(file.info(name).shape()) + ", the model's "
                        + Arrays.toString(target.getShape().getShape()) + ": train into a new output.dir");
            }
            overwrite(target, (from, bytes) -> file.read(name, from, bytes));
        }
        model.updated();
    }

    /** Returns this rank's needed part of a checkpoint's optimizer state. */
    NeededState neededState() {
        Map<String, Long> values = new HashMap<>();
        step.optimizer().state().forEach((name, tensor) -> values.put(name, tensor.size()));
        return new NeededState(values, step.share());
    }

    /** Reads a checkpoint's optimizer state. */
    void restoreOptimizer(StoredState stored) {
        step.optimizer()
                .state()
                .forEach((name, tensor) -> overwrite(tensor, (from, bytes) -> stored.read(name, from, bytes)));
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
