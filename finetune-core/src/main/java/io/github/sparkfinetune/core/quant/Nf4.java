package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.FiniteWeights;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ParallelFor;
import io.github.sparkfinetune.data.files.Quoted;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Quantization to NF4 with the codes of bitsandbytes' CPU path: blocks of 64 over the flattened matrix, x * (1 /
 * absmax), nearest value.
 */
public final class Nf4 {
    /** Number of blocks that are read at a time. */
    private static final int PART_BLOCKS = 256;

    /** Source of weights, which several threads may read at once. */
    private interface Weights {
        /** Reads {@code count} weights, starting at {@code from}, into the start of {@code target}. */
        void read(long from, float[] target, int count);
    }

    private Nf4() {}

    /** Returns the size in bytes of {@code count} weights in NF4. */
    public static long byteSize(long count, boolean doubleQuant) {
        long blocks = Nf4Codes.blocks(count);
        long scales = doubleQuant
                ? blocks + (blocks + DynamicCode.BLOCK - 1) / DynamicCode.BLOCK * Float.BYTES
                : blocks * Float.BYTES;
        return Nf4Codes.packedBytes(count) + scales;
    }

    /**
     * Quantizes a tensor of a checkpoint while reading it. At most 64 KB per thread are in memory in another form.
     *
     * @param source source of the tensor, which stays open
     * @param name name of an F32, BF16 or F16 tensor of up to 2^32 elements
     * @param doubleQuant whether the absmax is quantized too: 0.52 bytes per weight instead of 0.56
     * @param threads maximum number of threads; does not change the codes
     * @throws RunException if a weight is not finite, or if the tensor has another type or is too large
     */
    public static Nf4Tensor quantize(TensorSource source, String name, boolean doubleQuant, int threads) {
        return quantize(source, name, doubleQuant, threads, PART_BLOCKS);
    }

    /**
     * Quantizes the transpose of a tensor. The whole tensor is in memory in F32 meanwhile. The parameters are those of
     * {@link #quantize(TensorSource, String, boolean, int)}.
     *
     * @param name name of a matrix [in, out], as GPT-2's Conv1D stores it
     */
    public static Nf4Tensor quantizeTransposed(TensorSource source, String name, boolean doubleQuant, int threads) {
        long[] stored = source.info(name).shape();
        int rows = Math.toIntExact(stored[1]);
        int columns = Math.toIntExact(stored[0]);
        float[] values = new float[Math.multiplyExact(rows, columns)];
        source.floats(name, 0, FloatBuffer.wrap(values));
        return quantize(
                (from, target, count) -> {
                    for (int i = 0; i < count; i++) {
                        int at = (int) (from + i);
                        target[i] = values[at % columns * rows + at / columns];
                    }
                },
                new long[] {rows, columns},
                source.fileOf(name) + ": tensor " + Quoted.name(name) + ", transposed,",
                doubleQuant,
                threads,
                PART_BLOCKS,
                true);
    }

    /** Quantizes as {@link #quantize(TensorSource, String, boolean, int)}, with parts of another size. */
    static Nf4Tensor quantize(TensorSource source, String name, boolean doubleQuant, int threads, int partBlocks) {
        return quantize(
                (from, target, count) -> source.floats(name, from, FloatBuffer.wrap(target, 0, count)),
                source.info(name).shape(),
                source.fileOf(name) + ": tensor " + Quoted.name(name),
                doubleQuant,
                threads,
                partBlocks,
                false);
    }

    /**
     * Quantizes a matrix that is in memory.
     *
     * @param weights row-major weights from index 0, as many as the shape says
     * @throws RunException if a weight is not finite
     */
    static Nf4Tensor quantize(FloatBuffer weights, long[] shape, boolean doubleQuant, int threads) {
        if (weights.limit() != TensorInfo.count(shape)) {
            throw new IllegalArgumentException(weights.limit() + " weights for another shape");
        }
        return quantize(
                (from, target, count) -> weights.get((int) from, target, 0, count),
                shape,
                "the weight",
                doubleQuant,
                threads,
                PART_BLOCKS,
                false);
    }

    private static Nf4Tensor quantize(
            Weights weights,
            long[] shape,
            String where,
            boolean doubleQuant,
            int threads,
            int partBlocks,
            boolean transposed) {
        long count = TensorInfo.count(shape);
        if (Nf4Codes.packedBytes(count) > Integer.MAX_VALUE) {
            throw RunException.data(where + " has " + count
                    + " elements, more than the 2^32 that a tensor may have; use a model with smaller tensors");
        }
        ByteBuffer packed = ByteBuffer.allocateDirect((int) Nf4Codes.packedBytes(count));
        float[] absmax = new float[(int) Nf4Codes.blocks(count)];
        long partSize = (long) partBlocks * Nf4Codes.BLOCK;
        ParallelFor.run((count + partSize - 1) / partSize, threads, index -> {
            long from = index * partSize;
            float[] part = new float[(int) Math.min(partSize, count - from)];
            byte[] codes = new byte[(int) Nf4Codes.packedBytes(part.length)];
            weights.read(from, part, part.length);
            quantizePart(part, part.length, codes, absmax, (int) (from / Nf4Codes.BLOCK));
            packed.put((int) (from / 2), codes);
        });
        checkFinite(absmax, weights, count, where);
        Absmax scales = doubleQuant ? Absmax.DoubleQuantized.of(absmax) : Absmax.Plain.of(absmax);
        return new Nf4Tensor(shape, packed, scales, transposed);
    }

    private static void quantizePart(float[] part, int length, byte[] codes, float[] absmax, int firstBlock) {
        for (int at = 0; at < length; at += Nf4Codes.BLOCK) {
            int size = Math.min(Nf4Codes.BLOCK, length - at);
            absmax[firstBlock + at / Nf4Codes.BLOCK] = Nf4Codes.quantize(part, at, size, codes, at / 2);
        }
    }

    private static void checkFinite(float[] absmax, Weights weights, long count, String where) {
        for (int block = 0; block < absmax.length; block++) {
            if (!Float.isFinite(absmax[block])) {
                long from = (long) block * Nf4Codes.BLOCK;
                float[] values = new float[(int) Math.min(Nf4Codes.BLOCK, count - from)];
                weights.read(from, values, values.length);
                int i = 0;
                while (Float.isFinite(values[i])) {
                    i++;
                }
                throw FiniteWeights.notFinite(where, values[i], from + i);
            }
        }
    }
}
