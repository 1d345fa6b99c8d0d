package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.Set;

/** Named tensors that are read from storage: from one safetensors file, or from the shards of a model. */
public interface TensorSource extends AutoCloseable {

    /** Number of bytes read at once, below the size that G1 keeps outside its young generation, in any heap. */
    int CHUNK = 1 << 18;

    /** Returns the names, in the order of the data. */
    Set<String> names();

    /**
     * Returns the type, shape and position of a tensor.
     *
     * @throws RunException if there is no tensor of this name
     */
    TensorInfo info(String name);

    /**
     * Maps part of a tensor's bytes: read-only, direct, little-endian. The mapping outlives {@link #close()}, as long
     * as the buffer is reachable.
     *
     * @param from index of the first byte in the tensor
     * @param length number of bytes
     */
    ByteBuffer buffer(String name, long from, int length);

    /**
     * Reads part of a tensor's bytes into the caller's memory, so that a pass over a large tensor leaves no pages
     * mapped. May be called by several threads at once.
     *
     * @param from index of the first byte in the tensor
     * @param target filled from its position to its limit, which do not change
     */
    default void read(String name, long from, ByteBuffer target) {
        target.duplicate().put(buffer(name, from, target.remaining()));
    }

    /** Returns the position of the tensor's bytes in a local file, or empty if no local file holds them. */
    default Optional<FilePlace> localPlace(String name) {
        return Optional.empty();
    }

    /** Returns the file that holds a tensor, for messages. */
    String fileOf(String name);

    /**
     * Maps a whole tensor: read-only, direct, little-endian, row-major.
     *
     * @throws RunException if the tensor is above 2 GB, which one buffer cannot hold; such a tensor must be read in
     *     parts
     */
    default ByteBuffer buffer(String name) {
        long size = info(name).byteSize();
        if (size > Integer.MAX_VALUE) {
            throw RunException.data(fileOf(name) + ": tensor " + Quoted.name(name) + " has " + size
                    + " bytes, more than the 2 GB that one buffer holds; use a model with smaller tensors");
        }
        return buffer(name, 0, (int) size);
    }

    /**
     * Reads elements as F32, starting at element {@code from}. F16 and BF16 are widened exactly. Nothing is mapped, so
     * a pass over a tensor of any size needs no more memory than {@code target}. May be called by several threads at
     * once.
     *
     * @param target filled from its position to its limit, which do not change
     * @throws RunException if the tensor has another type
     */
    default void floats(String name, long from, FloatBuffer target) {
        TensorType dtype = checkFloats(name);
        int size = dtype.bytes();
        int most = Math.min(CHUNK / size, target.remaining());
        ByteBuffer bytes = ByteBuffer.allocate(most * size);
        for (int done = 0; done < target.remaining(); done += most) {
            int count = Math.min(most, target.remaining() - done);
            bytes.limit(count * size);
            read(name, Math.multiplyExact(from + done, size), bytes);
            dtype.widen(bytes, target.slice(target.position() + done, count));
        }
    }

    /**
     * Returns the type of a tensor of floats.
     *
     * @throws RunException if the type is neither F32, F16 nor BF16
     */
    private TensorType checkFloats(String name) {
        TensorType dtype = info(name).dtype();
        if (!dtype.isFloat()) {
            throw RunException.data(fileOf(name) + ": tensor " + Quoted.name(name) + " has type " + dtype
                    + "; weights must be F32, F16 or BF16");
        }
        return dtype;
    }

    @Override
    void close();
}
