package io.github.sparkfinetune.core.model.sharded;

import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.shard.Cut;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Types of some tensors that are gathered. The values of a type are consecutive, one section of the cut after the
 * other, each with its padding.
 */
final class GatheredTypes {
    /** Types of gathered tensors. */
    static final List<TensorType> ALL = List.of(TensorType.F32, TensorType.BF16);

    private final TensorType[] types;
    /** Number of values of a tensor's type before the tensor. */
    private final long[] starts;

    private final List<Long> sizes;
    private final List<Stretch> sections = new ArrayList<>();

    /**
     * @param cut cut of the tensors by {@link #kinds}
     * @param bf16 indices of the tensors in BF16; the others are in F32
     */
    GatheredTypes(Cut cut, Set<Integer> bf16) {
        long[] positions = cut.positions();
        types = new TensorType[positions.length];
        starts = new long[positions.length];
        long[] sums = new long[ALL.size()];
        for (Cut.Section section : cut.sections()) {
            int type = bf16.contains(section.first()) ? 1 : 0;
            for (int i = section.first(); i < section.end(); i++) {
                types[i] = ALL.get(type);
                starts[i] = sums[type] + positions[i] - section.position();
            }
            sections.add(new Stretch(ALL.get(type), sums[type], sums[type] + section.memory()));
            sums[type] += section.memory();
        }
        this.sizes = Arrays.stream(sums).boxed().toList();
    }

    /**
     * Returns the kinds of tensors that are cut together.
     *
     * @param tensors number of the tensors
     * @param bf16 indices of the tensors in BF16
     */
    static int[] kinds(int tensors, Set<Integer> bf16) {
        return IntStream.range(0, tensors).map(i -> bf16.contains(i) ? 1 : 0).toArray();
    }

    /**
     * Consecutive values of a type.
     *
     * @param from number of values of the type before the first
     * @param to number of values of the type up to the last
     */
    record Stretch(TensorType type, long from, long to) {}

    /** Returns the values of a range. */
    Stretch stretch(Cut.Range range) {
        long start = starts[range.tensor()];
        return new Stretch(types[range.tensor()], start + range.from(), start + range.to());
    }

    /** Returns the values of a rank's share, consecutive ones as one stretch. */
    List<Stretch> stretches(List<Cut.Range> share) {
        List<Stretch> stretches = new ArrayList<>();
        for (Cut.Range range : share) {
            Stretch next = stretch(range);
            Stretch last = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
            if (last != null && last.type() == next.type() && last.to() == next.from()) {
                stretches.set(stretches.size() - 1, new Stretch(next.type(), last.from(), next.to()));
            } else {
                stretches.add(next);
            }
        }
        return stretches;
    }

    /** Returns the memory of each section of the cut. */
    List<Stretch> sections() {
        return List.copyOf(sections);
    }

    /** Returns the number of values of each type of {@link #ALL}. */
    List<Long> sizes() {
        return sizes;
    }

    /** Returns the number of values of a tensor's type before the tensor. */
    long start(int tensor) {
        return starts[tensor];
    }

    /** Returns the indices of the tensors of a type. */
    List<Integer> tensors(TensorType type) {
        return IntStream.range(0, types.length)
                .filter(i -> types[i] == type)
                .boxed()
                .toList();
    }
}
