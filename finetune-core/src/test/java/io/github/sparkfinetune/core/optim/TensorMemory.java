package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;

/** Access to the memory of F32 tensors on the CPU. */
final class TensorMemory {
    private TensorMemory() {}

    /** Returns a view of a tensor's values, row-major. */
    static FloatBuffer floats(NDArray tensor) {
        return tensor.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    static void write(NDArray target, float... values) {
        floats(target).put(values);
    }

    /** Fills a tensor with numbers between -0.5 and 0.5. */
    static void randomize(NDArray tensor, long seed) {
        Random random = new Random(seed);
        FloatBuffer values = floats(tensor);
        for (int i = 0; i < values.limit(); i++) {
            values.put(i, random.nextFloat() - 0.5f);
        }
    }
}
