package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.nio.FloatBuffer;

/** Check that a checkpoint's weights are finite. */
public final class FiniteWeights {
    private static final int CHUNK = 1 << 16;

    private FiniteWeights() {}

    /**
     * Reads every weight once, to explain a loss that is not finite.
     *
     * @throws RunException if a weight is infinite or NaN; the message names the first such weight
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
     * Returns the error of a weight that is not finite.
     *
     * @param where file and tensor, for the message
     */
    public static RunException notFinite(String where, float value, long element) {
        return RunException.data(where + " is " + value + " at element " + element + "; the checkpoint is damaged");
    }
}
