package io.github.sparkfinetune.core.model.sharded;

import io.github.sparkfinetune.core.safetensors.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Types of some tensors that are gathered. The values of a type are consecutive, one tensor after the other. */
final class GatheredTypes {
    /** Types of gathered tensors. */
    static final List<TensorType> ALL = List.of(TensorType.F32, TensorType.BF16);

    private final TensorType[] types;
    /** Number of values of a tensor's type before the tensor. */
    private final long[] starts;

    private final List<Long> sizes;

    /**
     * @param sizes number of values of each tensor
     * @param bf16 indices of the tensors in BF16; the others are in F32
     */
    GatheredTypes(long[] sizes, Set<Integer> bf16) {
        types = new TensorType[sizes.length];
        starts = new long[sizes.length];
        long[] sums = new long[ALL.size()];
        for (int i = 0; i < sizes.length; i++) {
            types[i] = bf16.contains(i) ? TensorType.BF16 : TensorType.F32;
            int type = ALL.indexOf(types[i]);
            starts[i] = sums[type];
            sums[type] += sizes[i];
        }
        this.sizes = Arrays.stream(sums).boxed().toList();
    }

    /** Returns the type of a tensor. */
    TensorType of(int tensor) {
        return types[tensor];
    }

    /** Returns the number of values of a tensor's type before the tensor. */
    long start(int tensor) {
        return starts[tensor];
    }

    /** Returns the number of values of each type of {@link #ALL}. */
    List<Long> sizes() {
        return sizes;
    }

    /** Returns the indices of the tensors of a type. */
    List<Integer> tensors(TensorType type) {
        return IntStream.range(0, types.length)
                .filter(i -> types[i] == type)
                .boxed()
                .toList();
    }
}
