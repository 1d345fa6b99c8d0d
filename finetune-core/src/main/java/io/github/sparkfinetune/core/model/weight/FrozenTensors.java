package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.safetensors.FilePlace;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Weights that are never written. On the CPU, a tensor is read from its mapped file, whatever its size; all ranks of
 * the machine share the file's pages. A tensor in another type is created once per process. On a GPU, a tensor is
 * copied once.
 */
final class FrozenTensors {
    private static final Logger LOG = LoggerFactory.getLogger(FrozenTensors.class);

    private final TensorSource source;
    private final NDManager manager;
    private final ScriptModule script;
    private final Device device;
    private final NDArray like;
    private final Map<MappedFile, Optional<NDArray>> files = new HashMap<>();

    private record MappedFile(Path file, TensorType type) {}

    /** @param device device and owner of the tensors */
    FrozenTensors(TensorSource source, Device device, ScriptModule script) {
        this.source = source;
        this.device = device;
        this.manager = device.manager();
        this.script = script;
        this.like = manager.zeros(new Shape(0));
    }

    /** Returns a tensor in F32: mapped from the file, or widened. */
    NDArray f32(String stored) {
        return mapped(stored, TensorType.F32).orElseGet(() -> widened(stored));
    }

    /** Returns a tensor that the file stores in BF16, or empty for another type. */
    Optional<NDArray> storedBf16(String stored) {
        return mapped(stored, TensorType.BF16);
    }

    /** Returns a tensor in BF16: mapped from the file, or rounded. */
    NDArray bf16(String stored) {
        return storedBf16(stored).orElseGet(() -> rounded(stored));
    }

    private Optional<NDArray> mapped(String stored, TensorType type) {
        TensorInfo info = source.info(stored);
        if (info.dtype() != type || info.count() == 0) {
            return Optional.empty();
        }
        return source.localPlace(stored)
                .filter(place -> place.begin() % type.bytes() == 0)
                .flatMap(place -> values(place, type)
                        .map(values -> script.callOne(
                                manager, "part", values, place.begin() / type.bytes(), info.shape(), like)));
    }

    /** Returns a whole file as values of a type, or empty if the kernel refuses to map the file. */
    private Optional<NDArray> values(FilePlace place, TensorType type) {
        return files.computeIfAbsent(new MappedFile(place.file(), type), mapped -> {
            String file = mapped.file().toString();
            long count = mapped.file().toFile().length() / type.bytes();
            try {
                return Optional.of(SharedWeights.get(
                        manager,
                        Optional.of(new FilePlace(mapped.file(), 0)),
                        "values in " + type,
                        owner -> script.callOne(owner, "file_values", file, count, type == TensorType.BF16)));
            } catch (IllegalStateException e) {
                // PyTorch maps files as writable memory. Linux grants one such mapping at most the machine's memory.
                if (!String.valueOf(e.getMessage()).contains("unable to mmap")) {
                    throw e;
                }
                LOG.warn(
                        "{} is larger than the largest mapping that this machine allows: its weights take extra memory;"
                                + " save the model in smaller files with save_pretrained(max_shard_size=\"5GB\")",
                        file);
                return Optional.empty();
            }
        });
    }

    private NDArray rounded(String stored) {
        return once(stored, "rounded to BF16", owner -> {
            NDArray value =
                    script.callOne(owner, "empty_bf16", source.info(stored).shape(), like);
            TensorParts.write(script, value, (from, target) -> source.floats(stored, from, target));
            return value;
        });
    }

    private NDArray widened(String stored) {
        return once(stored, "widened to F32", owner -> copied(owner, stored));
    }

    /** Returns a tensor in F32, copied into new memory. */
    NDArray copied(NDManager owner, String stored) {
        NDArray value = owner.create(new Shape(source.info(stored).shape()), DataType.FLOAT32);
        // Read, not mapped: no pages of the file stay in memory.
        TensorParts.write(script, value, (from, target) -> source.floats(stored, from, target));
        return value;
    }

    /** Returns a converted tensor. On the CPU, each process converts a tensor once. */
    private NDArray once(String stored, String form, Function<NDManager, NDArray> make) {
        Optional<FilePlace> place = device.readsInPlace() ? source.localPlace(stored) : Optional.empty();
        return SharedWeights.get(manager, place, form, make);
    }
}
