package io.github.sparkfinetune.core.model;

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
 * Weights that are never written. On the CPU a tensor is used where it lies in its mapped file, of any size and shared
 * by all ranks of the machine, and in another type it is there once a process; to a GPU it is copied once.
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

    /** @param device where they live, and their owner */
    FrozenTensors(TensorSource source, Device device, ScriptModule script) {
        this.source = source;
        this.device = device;
        this.manager = device.manager();
        this.script = script;
        this.like = manager.zeros(new Shape(0));
    }

    /** A tensor in F32: as the file has it, or widened. */
    NDArray f32(String stored) {
        return mapped(stored, TensorType.F32).orElseGet(() -> widened(stored));
    }

    /** A tensor in BF16 where the file has it so. */
    Optional<NDArray> storedBf16(String stored) {
        return mapped(stored, TensorType.BF16);
    }

    /** A tensor in BF16: as the file has it, or rounded. */
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

    /** All of a file as values of a type, or nothing where the kernel refuses to map it. */
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
                // PyTorch maps what may be written, of which Linux grants no more than the machine's memory at once.
                if (!String.valueOf(e.getMessage()).contains("unable to mmap")) {
                    throw e;
                }
                LOG.warn(
                        "{} is larger than this machine lets one map: what is read of it takes memory of its own;"
                                + " save the model in smaller files, by save_pretrained(max_shard_size=\"5GB\")",
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

    /** A tensor in F32 in new memory. */
    NDArray copied(NDManager owner, String stored) {
        NDArray value = owner.create(new Shape(source.info(stored).shape()), DataType.FLOAT32);
        // Read, not mapped, so that no pages of it stay.
        TensorParts.write(script, value, (from, target) -> source.floats(stored, from, target));
        return value;
    }

    /** What is made of a tensor, once a process where its memory is the processor's. */
    private NDArray once(String stored, String form, Function<NDManager, NDArray> make) {
        Optional<FilePlace> place = device.readsInPlace() ? source.localPlace(stored) : Optional.empty();
        return SharedWeights.get(manager, place, form, make);
    }
}
