package io.github.sparkfinetune.core.model.sharded;

import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.shard.Cut;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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

    /**
     * Consecutive values of a type.
     *
     * @param from number of values of the type before the first
     * @param to number of values of the type up to the last
     */
    record Stretch(TensorType type, long from, long to) {
        long size() {
            return to - from;
        }
    }

    /** Returns the values of a range. */
    Stretch stretch(Cut.Range range) {
        long start = starts[range.tensor()];
        return new Stretch(types[range.tensor()], start + range.from(), start + range.to());
    }

    /** Returns the values of a rank's share, a stretch for each type that the share has. */
    List<Stretch> stretches(List<Cut.Range> share) {
        Map<TensorType, Stretch> byType = new EnumMap<>(TensorType.class);
        share.forEach(range -> byType.merge(
                types[range.tensor()],
                stretch(range),
                (first, last) -> new Stretch(first.type(), first.from(), last.to())));
        return List.copyOf(byType.values());
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
