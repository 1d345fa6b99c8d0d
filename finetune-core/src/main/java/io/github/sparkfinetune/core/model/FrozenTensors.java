package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.safetensors.FilePlace;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Weights that are never written. On the CPU a tensor is used where it lies in its mapped file, of any size and shared
 * by all ranks of the machine; to a GPU it is copied once.
 */
final class FrozenTensors {
    private static final Logger LOG = LoggerFactory.getLogger(FrozenTensors.class);

    private final TensorSource source;
    private final NDManager manager;
    private final ScriptModule script;
    private final NDArray device;
    private final Map<MappedFile, Optional<NDArray>> files = new HashMap<>();

    private record MappedFile(String file, TensorType type) {}

    /** @param manager owner of the tensors, and their device */
    FrozenTensors(TensorSource source, NDManager manager, ScriptModule script) {
        this.source = source;
        this.manager = manager;
        this.script = script;
        this.device = manager.zeros(new Shape(0));
    }

    /** A tensor in F32 where the file has it so. */
    Optional<NDArray> f32(String stored) {
        return mapped(stored, TensorType.F32);
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
                                manager, "part", values, place.begin() / type.bytes(), info.shape(), device)));
    }

    /** All of a file as values of a type, or nothing where the kernel refuses to map it. */
    private Optional<NDArray> values(FilePlace place, TensorType type) {
        return files.computeIfAbsent(new MappedFile(place.file().toString(), type), mapped -> {
            long count = place.file().toFile().length() / type.bytes();
            try {
                return Optional.of(
                        script.callOne(manager, "file_values", mapped.file(), count, type == TensorType.BF16));
            } catch (IllegalStateException e) {
                // PyTorch maps what may be written, of which Linux grants no more than the machine's memory at once.
                if (!String.valueOf(e.getMessage()).contains("unable to mmap")) {
                    throw e;
                }
                LOG.warn(
                        "{} is larger than this machine lets one map: what is read of it takes memory of its own;"
                                + " save the model in smaller files, by save_pretrained(max_shard_size=\"5GB\")",
                        place.file());
                return Optional.empty();
            }
        });
    }

    private NDArray rounded(String stored) {
        TensorInfo info = source.info(stored);
        NDArray value = script.callOne(manager, "empty_bf16", info.shape(), device);
        TensorParts.write(script, value, (from, target) -> source.floats(stored, from, target));
        return value;
    }
}
