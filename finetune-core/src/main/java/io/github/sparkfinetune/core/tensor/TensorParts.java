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
import java.util.function.Function;

/** Access to tensors of any size from host memory, one part after the other: a Java buffer holds less than 2 GB. */
public final class TensorParts {
    /** Number of bytes of a part, a multiple of every type's size. Not final, so that tests divide small tensors. */
    static volatile int bytes = 1 << 26;

    /** Number of times that a part in the memory of a GPU may be as large; a Java buffer still spans it. */
    private static final int ON_DEVICE = 31;

    private TensorParts() {}

    /** Returns the number of bytes of a part; the last part of a tensor may have fewer. */
    public static int bytes() {
        return bytes;
    }

    /** Source of values. */
    public interface Values {
        /**
         * Reads the next values, row-major. Parts are read in order.
         *
         * @param from index of the first value
         * @param target filled from its position to its limit, which do not change
         */
        void read(long from, FloatBuffer target);
    }

    /** Visitor of a tensor's parts. */
    public interface Part {
        /**
         * Reads or changes a part; called once for each part, in order.
         *
         * @param from number of bytes of the tensor before the part
         * @param host part of the tensor, valid until the call returns
         */
        void visit(long from, HostBuffer host);
    }

    /**
     * Overwrites a tensor in place.
     *
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param tensor contiguous tensor in F32, or in BF16, whose values are rounded to the nearest
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
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param tensor contiguous tensor of a type that DJL supports
     */
    public static void each(Device device, ScriptModule script, NDArray tensor, Part visitor) {
        int size = tensor.getDataType().getNumOfBytes();
        long count = tensor.getShape().size();
        int part = bytes / size;
        for (long from = 0; from < count; from += part) {
            try (NDManager owner = device.manager().newSubManager()) {
                long begin = from;
                NDArray stretch = script.callOne(owner, "stretch", tensor, begin, Math.min(count, begin + part));
                device.stage(stretch, host -> visitor.visit(begin * size, host));
            }
        }
    }

    /**
     * Returns all parts of a tensor for an exchange between ranks, at least one, see {@link Device#exchangeBuffer}.
     *
     * @param owner owner of the parts, which are views; they are valid until the owner is closed
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param tensor contiguous tensor of a type that DJL supports
     */
    public static List<HostBuffer> all(NDManager owner, Device device, ScriptModule script, NDArray tensor) {
        int most = device.exchangesOnDevice() ? Math.multiplyExact(bytes, ON_DEVICE) : bytes;
        return all(owner, script, tensor, most, device::exchangeBuffer);
    }

    /** Returns all parts of a tensor in host memory, as {@link #all}. */
    public static List<HostBuffer> inHostMemory(NDManager owner, Device device, ScriptModule script, NDArray tensor) {
        return all(owner, script, tensor, bytes, device::hostBuffer);
    }

    private static List<HostBuffer> all(
            NDManager owner, ScriptModule script, NDArray tensor, int most, Function<NDArray, HostBuffer> memory) {
        long count = tensor.getShape().size();
        int part = most / tensor.getDataType().getNumOfBytes();
        List<HostBuffer> parts = new ArrayList<>();
        long from = 0;
        do {
            NDArray stretch = script.callOne(owner, "stretch", tensor, from, Math.min(count, from + part));
            parts.add(memory.apply(stretch));
            from += part;
        } while (from < count);
        return List.copyOf(parts);
    }

    /**
     * Returns some of a tensor's bytes, row-major and in native order. On the CPU, they are the tensor's own memory,
     * valid as long as the tensor. On a GPU, they are copied to a buffer that the next read overwrites.
     *
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param tensor contiguous tensor of any type
     * @param from index of the first byte
     */
    public static ByteBuffer read(Device device, ScriptModule script, NDArray tensor, long from, int length) {
        try (NDManager owner = device.manager().newSubManager()) {
            return device.read(script.callOne(owner, "byte_stretch", tensor, from, from + length));
        }
    }

    /**
     * Returns the values of an F32 tensor.
     *
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param tensor contiguous tensor
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

    /** Passes all bytes of a tensor to a reader, part after part, as returned by the other {@code read}. */
    public static void read(Device device, ScriptModule script, NDArray tensor, Consumer<ByteBuffer> reader) {
        long size = tensor.getShape().size() * tensor.getDataType().getNumOfBytes();
        for (long from = 0; from < size; from += bytes) {
            reader.accept(read(device, script, tensor, from, (int) Math.min(bytes, size - from)));
        }
    }
}
