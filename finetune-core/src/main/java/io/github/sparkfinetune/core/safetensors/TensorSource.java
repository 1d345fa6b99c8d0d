package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.Quoted;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.Set;

/** Named tensors that are read where they are stored: one safetensors file, or the shards of a model. */
public interface TensorSource extends AutoCloseable {

    /** Bytes that are read at once: below what G1 keeps outside its young generation, in a heap of any size. */
    int CHUNK = 1 << 18;

    /** Names in the order of the data. */
    Set<String> names();

    /**
     * Type, shape and place of a tensor.
     *
     * @throws RunException when there is none of this name
     */
    TensorInfo info(String name);

    /**
     * Part of a tensor's bytes, mapped: read-only, direct, little-endian. The mapping outlives {@link #close()}, for as
     * long as the buffer is reachable.
     *
     * @param from first byte, counted from the tensor's begin
     * @param length number of bytes
     */
    ByteBuffer buffer(String name, long from, int length);

    /**
     * Reads part of a tensor's bytes into memory of the caller's, so that a pass over a large tensor leaves no pages
     * mapped. May be called by several threads at once.
     *
     * @param from first byte, counted from the tensor's begin
     * @param target filled from its position to its limit; both are the same afterwards
     */
    default void read(String name, long from, ByteBuffer target) {
        target.duplicate().put(buffer(name, from, target.remaining()));
    }

    /** Where the tensor's bytes lie, empty where no file of this machine holds them. */
    default Optional<FilePlace> localPlace(String name) {
        return Optional.empty();
    }

    /** The file that holds this tensor, for messages. */
    String fileOf(String name);

    /**
     * A whole tensor, mapped: read-only, direct, little-endian, row-major.
     *
     * @throws RunException when it is above 2 GB, more than one buffer holds; read it in parts then
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
     * Reads elements from {@code from} on as F32, widening F16 and BF16, which is exact. Nothing is mapped, so that a
     * pass over a tensor of any size needs no more memory than {@code target}. May be called by several threads at
     * once.
     *
     * @param target filled from its position to its limit; both are the same afterwards
     * @throws RunException when the tensor is of another type
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
     * The type of a tensor of floats.
     *
     * @throws RunException when it is neither F32, F16 nor BF16
     */
    private TensorType checkFloats(String name) {
        TensorType dtype = info(name).dtype();
        if (!dtype.isFloat()) {
            throw RunException.data(fileOf(name) + ": tensor " + Quoted.name(name) + " is of type " + dtype
                    + "; weights must be F32, F16 or BF16");
        }
        return dtype;
    }

    @Override
    void close();
}
