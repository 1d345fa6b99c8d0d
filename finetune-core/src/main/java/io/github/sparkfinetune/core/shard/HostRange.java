package io.github.sparkfinetune.core.shard;

import io.github.sparkfinetune.core.tensor.HostBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Ranges of a tensor's host memory, which consists of parts. */
public final class HostRange {
    private HostRange() {}

    /**
     * Returns the memory of some F32 values of a tensor.
     *
     * @param parts all parts of the tensor, or of more values
     * @param from index of the first value
     * @param to index after the last value
     */
    public static List<ByteBuffer> of(List<HostBuffer> parts, long from, long to) {
        List<ByteBuffer> stretches = new ArrayList<>();
        long before = 0;
        for (HostBuffer part : parts) {
            ByteBuffer bytes = part.bytes();
            int begin = (int) Math.max(0, from * Float.BYTES - before);
            int end = (int) Math.min(bytes.limit(), to * Float.BYTES - before);
            if (begin < end) {
                stretches.add(bytes.slice(begin, end - begin).order(bytes.order()));
            }
            before += bytes.limit();
        }
        return stretches;
    }

    /** Returns the parts that hold the first values of a tensor. */
    public static List<HostBuffer> first(List<HostBuffer> parts, long values) {
        List<HostBuffer> first = new ArrayList<>();
        long before = 0;
        for (HostBuffer part : parts) {
            if (before < values * Float.BYTES) {
                first.add(part);
            }
            before += part.bytes().limit();
        }
        return first;
    }
}
