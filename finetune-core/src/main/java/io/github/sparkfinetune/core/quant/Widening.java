package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A stored weight and the memory that it is widened into.
 *
 * @param targets that take its elements one after another; direct, native byte order; together they have as many bytes
 *     remaining as the elements take in the type
 */
public record Widening(StoredWeight weight, List<ByteBuffer> targets) {
    /** Elements that are given to a thread together: whole blocks of 4 bits. */
    private static final int UNIT = 1 << 16;

    public Widening {
        targets = List.copyOf(targets);
    }

    /** A weight that one buffer holds. */
    public Widening(StoredWeight weight, ByteBuffer target) {
        this(weight, List.of(target));
    }

    /**
     * Widens weights, all of them in one go, so that threads wait for each other once.
     *
     * @param type that they are written in: F32, or BF16 by the nearest
     * @param threads that may work on it, the caller's included; the result does not depend on it
     * @throws IllegalArgumentException when a target is of another size
     */
    public static void run(List<Widening> all, TensorType type, int threads) {
        all.forEach(one -> one.check(type));
        long units = all.stream().mapToLong(Widening::units).sum();
        ParallelFor.run(units, threads, unit -> {
            long begin = 0;
            for (Widening one : all) {
                long index = unit - begin;
                if (index >= 0 && index < one.units()) {
                    one.widen(index * UNIT, Math.min((index + 1) * UNIT, one.weight.count()), type);
                }
                begin += one.units();
            }
        });
    }

    private long units() {
        return (weight.count() + UNIT - 1) / UNIT;
    }

    private void check(TensorType type) {
        long room = targets.stream().mapToLong(ByteBuffer::remaining).sum();
        if (room != weight.count() * type.bytes()) {
            throw new IllegalArgumentException(
                    "a weight of " + weight.count() + " elements does not fit " + room + " bytes");
        }
    }

    private void widen(long from, long to, TensorType type) {
        long begin = 0;
        for (ByteBuffer target : targets) {
            long end = begin + target.remaining() / type.bytes();
            long first = Math.max(from, begin);
            int count = (int) (Math.min(to, end) - first);
            if (count > 0) {
                int at = target.position() + (int) (first - begin) * type.bytes();
                weight.widen(first, target.slice(at, count * type.bytes()).order(target.order()), type);
            }
            begin = end;
        }
    }
}
