package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Weights for tests. */
public final class Weights {
    private Weights() {}

    /** Returns normally distributed weights whose blocks have unlike scales. */
    public static float[] normal(int count, long seed) {
        Random random = new Random(seed);
        float[] weights = new float[count];
        for (int i = 0; i < count; i++) {
            weights[i] = (float) (0.05 * random.nextGaussian() * (1 + i / 64 % 7));
        }
        return weights;
    }

    /** Returns a BF16 tensor of the upper half of each float's bits. */
    static TensorData bf16(String name, float[] weights) {
        ByteBuffer bytes = ByteBuffer.allocate(weights.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float weight : weights) {
            bytes.putShort((short) (Float.floatToRawIntBits(weight) >>> Short.SIZE));
        }
        return TensorData.of(name, TensorType.BF16, new long[] {weights.length}, bytes.flip());
    }

    static TensorData f32(String name, float[] weights) {
        ByteBuffer bytes = ByteBuffer.allocate(weights.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(weights);
        return TensorData.f32(name, new long[] {weights.length}, bytes);
    }

    /** Writes and opens a file of the tensors; the caller closes the file. */
    static SafetensorsFile file(Path folder, TensorData... tensors) throws IOException {
        Path path = folder.resolve("model.safetensors");
        try (OutputStream out = Files.newOutputStream(path)) {
            SafetensorsWriter.write(out, List.of(tensors), SafetensorsWriter.PT);
        }
        return SafetensorsFile.open(path);
    }

    /** Quantizes weights as one row. */
    public static Nf4Tensor nf4(float[] weights, boolean doubleQuant, int threads) {
        return Nf4.quantize(FloatBuffer.wrap(weights), new long[] {weights.length}, doubleQuant, threads);
    }

    static float[] widened(StoredWeight weight, int threads) {
        ByteBuffer target = floats((int) weight.count());
        Widening.run(List.of(new Widening(weight, target)), TensorType.F32, threads);
        return array(target);
    }

    static float[] widened(StoredWeight weight, long from, int count) {
        ByteBuffer target = floats(count);
        weight.widen(from, target, TensorType.F32);
        return array(target);
    }

    private static ByteBuffer floats(int count) {
        return ByteBuffer.allocateDirect(count * Float.BYTES).order(ByteOrder.nativeOrder());
    }

    private static float[] array(ByteBuffer floats) {
        float[] array = new float[floats.capacity() / Float.BYTES];
        floats.asFloatBuffer().get(array);
        return array;
    }

    /** Returns the absmax of every block. */
    static float[] absmax(Nf4Tensor tensor) {
        float[] absmax = new float[tensor.absmax().blocks()];
        tensor.absmax().read(0, absmax.length, absmax);
        return absmax;
    }
}
