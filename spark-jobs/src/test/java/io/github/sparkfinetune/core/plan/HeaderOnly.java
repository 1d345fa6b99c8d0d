package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Weights of a model with only the headers of its files, which is all that a plan reads. */
final class HeaderOnly implements TensorSource {
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    HeaderOnly(Architecture architecture, HeadKind head, TensorType dtype) {
        Stream.of(
                        Stream.of(architecture.table()),
                        architecture.embeddings().values().stream(),
                        architecture.blocks(head, 2).stream().flatMap(block -> block.weights().values().stream()),
                        architecture.lmHead(head).values().stream())
                .flatMap(weights -> weights)
                .forEach(weight -> tensors.put(weight.name(), info(weight, dtype)));
    }

    private static TensorInfo info(WeightSpec weight, TensorType dtype) {
        return new TensorInfo(dtype, weight.shape(), 0, TensorInfo.count(weight.shape()) * dtype.bytes());
    }

    /** Returns the bytes of all weights. */
    long bytes() {
        return tensors.values().stream().mapToLong(TensorInfo::byteSize).sum();
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return tensors.get(name);
    }

    @Override
    public ByteBuffer buffer(String name, long from, int length) {
        throw new UnsupportedOperationException("a plan reads no weights");
    }

    @Override
    public String fileOf(String name) {
        return "model.safetensors";
    }

    @Override
    public void close() {}
}
