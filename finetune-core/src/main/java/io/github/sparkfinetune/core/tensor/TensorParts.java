package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Tensors of any size in host memory, a part after the other: one of Java's buffers holds less than 2 GB. */
public final class TensorParts {
    /** Bytes of a part, a multiple of every type's. Not final, because tests cut small tensors into parts. */
    static volatile int bytes = 1 << 26;

    private TensorParts() {}

    /** Bytes of a part; the last part of a tensor may have fewer. */
    public static int bytes() {
        return bytes;
    }

    /** Where the values come from. */
    public interface Values {
        /**
         * Gives the next values, row-major; parts are asked for in their order.
         *
         * @param from number of the first
         * @param target filled from its position to its limit, both the same afterwards
         */
        void read(long from, FloatBuffer target);
    }

    /** Reads or changes a part of a tensor. */
    public interface Part {
        /**
         * Called once for each part, in their order.
         *
         * @param from bytes of the tensor before the part
         * @param host the part, valid until the call returns
         */
        void visit(long from, HostBuffer host);
    }

    /**
     * Overwrites a tensor in place.
     *
     * @param script with the methods of {@code core.tensor.tensors}
     * @param tensor in F32 or BF16, contiguous; BF16 takes the nearest values
     */
    public static void write(ScriptModule script, NDArray tensor, Values values) {
        Device device = Device.of(tensor.getManager());
        boolean inPlace = tensor.getDataType() == DataType.FLOAT32;
        long count = tensor.getShape().size();
        int part = bytes / Float.BYTES;
        for (long from = 0; from < count; from += part) {
            long begin = from;
            int length = (int) Math.min(part, count - from);
            try (NDManager owner = device.manager().newSubManager()) {
                NDArray stretch = script.callOne(owner, "stretch", tensor, begin, begin + length);
                NDArray target = inPlace ? stretch : owner.create(new Shape(length), DataType.FLOAT32);
                device.write(target, buffer -> values.read(begin, buffer));
                if (!inPlace) {
                    script.call(owner, "copy", stretch, target);
                }
            }
        }
    }

    /**
     * Visits the parts of a tensor, one at a time.
     *
     * @param script with the methods of {@code core.tensor.tensors}
     * @param tensor in a type that DJL knows, contiguous
     */
    public static void each(Device device, ScriptModule script, NDArray tensor, Part visitor) {
        int size = tensor.getDataType().getNumOfBytes();
        long count = tensor.getShape().size();
        int part = bytes / size;
        for (long from = 0; from < count; from += part) {
            try (NDManager owner = device.manager().newSubManager()) {
                NDArray stretch = script.callOne(owner, "stretch", tensor, from, Math.min(count, from + part));
                visitor.visit(from * size, device.hostBuffer(stretch));
            }
        }
    }

    /**
     * Returns all parts of a tensor, at least one.
     *
     * @param owner of the views that the parts are; until it is closed they are valid
     * @param script with the methods of {@code core.tensor.tensors}
     * @param tensor in a type that DJL knows, contiguous
     */
    public static List<HostBuffer> all(NDManager owner, Device device, ScriptModule script, NDArray tensor) {
        long count = tensor.getShape().size();
        int part = bytes / tensor.getDataType().getNumOfBytes();
        List<HostBuffer> parts = new ArrayList<>();
        long from = 0;
        do {
            NDArray stretch = script.callOne(owner, "stretch", tensor, from, Math.min(count, from + part));
            parts.add(device.hostBuffer(stretch));
            from += part;
        } while (from < count);
        return List.copyOf(parts);
    }

    /**
     * Reads some of a tensor's bytes, row-major and in native order. On the CPU they are the tensor's own memory, for
     * as long as that is there; from a GPU they are copied to a buffer that the next read overwrites.
     *
     * @param script with the methods of {@code core.tensor.tensors}
     * @param tensor in any type, contiguous
     * @param from first byte
     */
    public static ByteBuffer read(Device device, ScriptModule script, NDArray tensor, long from, int length) {
        try (NDManager owner = device.manager().newSubManager()) {
            return device.read(script.callOne(owner, "byte_stretch", tensor, from, from + length));
        }
    }

    /**
     * Returns the values of an F32 tensor.
     *
     * @param script with the methods of {@code core.tensor.tensors}
     * @param tensor contiguous
     */
    public static Values values(Device device, ScriptModule script, NDArray tensor) {
        return (from, target) -> {
            int part = bytes / Float.BYTES;
            for (int done = 0; done < target.remaining(); done += part) {
                int count = Math.min(part, target.remaining() - done);
                ByteBuffer read = read(device, script, tensor, (from + done) * Float.BYTES, count * Float.BYTES);
                target.put(target.position() + done, read.asFloatBuffer(), 0, count);
            }
        };
    }

    /** Gives all bytes of a tensor to a reader, part after part, each as {@link #read} does. */
    public static void read(Device device, ScriptModule script, NDArray tensor, Consumer<ByteBuffer> reader) {
        long size = tensor.getShape().size() * tensor.getDataType().getNumOfBytes();
        for (long from = 0; from < size; from += bytes) {
            reader.accept(read(device, script, tensor, from, (int) Math.min(bytes, size - from)));
        }
    }
}
