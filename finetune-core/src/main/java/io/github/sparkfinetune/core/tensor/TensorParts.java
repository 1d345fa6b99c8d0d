package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;

/** Writes tensors of any size a part at a time: one of Java's buffers holds 2 GB. */
public final class TensorParts {
    /** Values of a part. */
    private static final int PART = 1 << 24;

    private TensorParts() {}

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

    /**
     * Overwrites a tensor in place.
     *
     * @param script with the methods of {@code core.tensor.tensors}
     * @param tensor in F32 or BF16, contiguous; BF16 takes the nearest values
     */
    public static void write(ScriptModule script, NDArray tensor, Values values) {
        write(script, tensor, values, PART);
    }

    /** @param part values of a part */
    static void write(ScriptModule script, NDArray tensor, Values values, int part) {
        Device device = Device.of(tensor.getManager());
        boolean inPlace = tensor.getDataType() == DataType.FLOAT32;
        long count = tensor.getShape().size();
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
}
