package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.Quoted;
import java.nio.FloatBuffer;

/** Finds a checkpoint's weights that are not numbers. */
public final class FiniteWeights {
    private static final int CHUNK = 1 << 16;

    private FiniteWeights() {}

    /**
     * Reads every weight once; meant for when a model computes what is not a number.
     *
     * @throws RunException naming the first weight that is infinite or NaN
     */
    public static void require(TensorSource source) {
        for (String name : source.names()) {
            if (source.info(name).dtype().isFloat()) {
                require(source, name);
            }
        }
    }

    private static void require(TensorSource source, String name) {
        float[] chunk = new float[CHUNK];
        long count = source.info(name).count();
        for (long from = 0; from < count; from += CHUNK) {
            int length = (int) Math.min(CHUNK, count - from);
            source.floats(name, from, FloatBuffer.wrap(chunk, 0, length));
            for (int i = 0; i < length; i++) {
                if (!Float.isFinite(chunk[i])) {
                    throw notFinite(source.fileOf(name) + ": tensor " + Quoted.name(name), chunk[i], from + i);
                }
            }
        }
    }

    /**
     * The error of a weight that is not finite.
     *
     * @param place the file and the tensor
     */
    public static RunException notFinite(String place, float value, long element) {
        return RunException.data(place + " is " + value + " at element " + element + "; the checkpoint is damaged");
    }
}
