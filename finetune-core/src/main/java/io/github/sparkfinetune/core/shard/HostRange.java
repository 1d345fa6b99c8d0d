package io.github.sparkfinetune.core.shard;

import io.github.sparkfinetune.core.tensor.HostBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Ranges of a tensor's host memory, which consists of parts. */
public final class HostRange {
    private HostRange() {}

    /**
     * Returns the memory of some values of a tensor.
     *
     * @param parts all parts of the tensor, or of more values
     * @param bytes number of bytes of a value
     * @param from index of the first value
     * @param to index after the last value
     */
    public static List<ByteBuffer> of(List<HostBuffer> parts, int bytes, long from, long to) {
        List<ByteBuffer> stretches = new ArrayList<>();
        long before = 0;
        for (HostBuffer part : parts) {
            ByteBuffer host = part.bytes();
            int begin = within(from * bytes - before, host.limit());
            int end = within(to * bytes - before, host.limit());
            if (begin < end) {
                stretches.add(host.slice(begin, end - begin).order(host.order()));
            }
            before += host.limit();
        }
        return stretches;
    }

    /** Returns the nearest offset in a part; the parts of a tensor may have more bytes than an int counts. */
    private static int within(long offset, int limit) {
        return (int) Math.max(0, Math.min(limit, offset));
    }

    /** Returns the memory of some F32 values of a tensor, as the other {@code of}. */
    public static List<ByteBuffer> of(List<HostBuffer> parts, long from, long to) {
        return of(parts, Float.BYTES, from, to);
    }

    /** Returns the parts that hold the first values of an F32 tensor. */
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
