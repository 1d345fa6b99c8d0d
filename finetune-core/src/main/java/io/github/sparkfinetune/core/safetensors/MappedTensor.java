package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor of any size that stays mapped in its file. Its pages belong to the file cache, so the system may drop and
 * reread them. The mapping outlives the {@link TensorSource}.
 */
public final class MappedTensor implements TensorBytes {
    private final int partBytes;
    private final List<ByteBuffer> parts;

    private MappedTensor(int partBytes, List<ByteBuffer> parts) {
        this.partBytes = partBytes;
        this.parts = parts;
    }

    /** Maps a tensor. */
    public static MappedTensor of(TensorSource source, String name) {
        long size = source.info(name).byteSize();
        int partBytes = TensorParts.bytes();
        List<ByteBuffer> parts = new ArrayList<>();
        for (long from = 0; from < size; from += partBytes) {
            parts.add(source.buffer(name, from, (int) Math.min(partBytes, size - from)));
        }
        return new MappedTensor(partBytes, List.copyOf(parts));
    }

    /** Returns some of the bytes: the mapped memory, or a copy if two mappings hold them. */
    @Override
    public ByteBuffer read(long from, int length) {
        if (length == 0) {
            return ByteBuffer.allocate(0);
        }
        ByteBuffer first = parts.get((int) (from / partBytes));
        int at = (int) (from % partBytes);
        if (at + length <= first.limit()) {
            return first.slice(at, length);
        }
        ByteBuffer copy = ByteBuffer.allocate(length);
        while (copy.hasRemaining()) {
            long next = from + copy.position();
            ByteBuffer part = parts.get((int) (next / partBytes));
            int begin = (int) (next % partBytes);
            copy.put(part.slice(begin, Math.min(copy.remaining(), part.limit() - begin)));
        }
        return copy.flip();
    }
}
