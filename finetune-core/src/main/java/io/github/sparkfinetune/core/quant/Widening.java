package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A stored weight and the memory for its widened form.
 *
 * @param targets direct buffers in native byte order that receive the elements in order. Together they have exactly as
 *     many bytes remaining as the elements need
 */
public record Widening(StoredWeight weight, List<ByteBuffer> targets) {
    /** Number of elements that a thread widens together: whole NF4 blocks. */
    private static final int UNIT = 1 << 16;

    public Widening {
        targets = List.copyOf(targets);
    }

    /** Creates a widening into one buffer. */
    public Widening(StoredWeight weight, ByteBuffer target) {
        this(weight, List.of(target));
    }

    /**
     * Widens all weights at once, so that threads wait for each other only once.
     *
     * @param type type of the written elements: F32, or BF16 rounded to the nearest
     * @param threads maximum number of threads, including the caller's; does not change the result
     * @throws IllegalArgumentException if targets have another size
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
