package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;

/**
 * A matrix in 4-bit NormalFloat (Dettmers et al., QLoRA, 2023), stored as in bitsandbytes' {@code Linear4bit}:
 *
 * <ul>
 *   <li>The matrix is flattened row by row and divided into blocks of 64 elements; the last block may be shorter.
 *   <li>Codes: element 2 i is in the high 4 bits of byte i, element 2 i + 1 in the low 4 bits. After an odd number of
 *       elements the last 4 bits are 7, the code of 0.
 *   <li>Absmax: one scale per block, its largest magnitude, in F32 or quantized again ({@link Absmax.DoubleQuantized}).
 * </ul>
 *
 * <p>An element is the value of its code ({@link Nf4Codes}) times the absmax of its block, in F32. Immutable.
 */
public final class Nf4Tensor implements StoredWeight {
    /** Memory of the codes. */
    private enum Memory {
        /** Memory of this matrix alone. */
        OWN,
        /** A mapped file. */
        MAPPED,
        /** Memory that holds the codes of other matrices at other times. */
        LENT
    }

    /** Number of blocks decoded into one array, which stays in the first-level cache. */
    private static final int CHUNK = 32;

    private final long[] shape;
    private final long count;
    private final ByteBuffer packed;
    private final Absmax absmax;
    private final boolean transposed;
    private final Memory memory;

    /**
     * @param packed direct buffer of codes, two per byte, the first in the high half
     * @param absmax absmax of the blocks
     * @param transposed see {@link #isTransposed}
     */
    Nf4Tensor(long[] shape, ByteBuffer packed, Absmax absmax, boolean transposed) {
        this(shape, packed, absmax, transposed, Memory.OWN);
    }

    private Nf4Tensor(long[] shape, ByteBuffer packed, Absmax absmax, boolean transposed, Memory memory) {
        this.shape = shape.clone();
        this.count = TensorInfo.count(shape);
        this.packed = packed.asReadOnlyBuffer();
        this.absmax = absmax;
        this.transposed = transposed;
        this.memory = memory;
        if (packed.limit() != Nf4Codes.packedBytes(count) || absmax.blocks() != Nf4Codes.blocks(count)) {
            throw new IllegalArgumentException(
                    count + " weights, " + packed.limit() + " bytes of codes, " + absmax.blocks() + " blocks");
        }
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public boolean isTransposed() {
        return transposed;
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long byteSize() {
        return packed.limit() + absmax.byteSize();
    }

    /** Returns whether the codes are in a mapped file, so that they take no memory until they are read. */
    public boolean isMapped() {
        return memory == Memory.MAPPED;
    }

    /** Returns whether the codes are always in their memory, so that they can be copied once. */
    public boolean isKept() {
        return memory != Memory.LENT;
    }

    /** Returns this matrix with its codes in other memory, which holds them whenever they are read. */
    public Nf4Tensor over(ByteBuffer lent) {
        return new Nf4Tensor(shape, lent, absmax, transposed, Memory.LENT);
    }

    /** Returns a matrix whose codes are in a mapped file. */
    static Nf4Tensor mapped(long[] shape, ByteBuffer packed, Absmax absmax, boolean transposed) {
        return new Nf4Tensor(shape, packed, absmax, transposed, Memory.MAPPED);
    }

    /** Returns the scales of the blocks of {@value Nf4Codes#BLOCK} elements. */
    public float[] scales() {
        float[] scales = new float[absmax.blocks()];
        absmax.read(0, scales.length, scales);
        return scales;
    }

    /** Returns the values of the two codes of each byte, [256][2], one pair after the other. */
    public static float[] pairs() {
        return Nf4Codes.pairs();
    }

    /** Returns the codes, two per byte, the first in the high half; read-only. */
    public ByteBuffer packed() {
        return packed.duplicate();
    }

    /** Returns the scales of the blocks. */
    Absmax absmax() {
        return absmax;
    }

    @Override
    public void widen(long from, ByteBuffer target, TensorType type) {
        FloatTarget elements = FloatTarget.of(target, type, from, count);
        long past = Nf4Codes.blocks(from + elements.limit());
        widenBlocks((int) (from / Nf4Codes.BLOCK), (int) past, from, elements);
    }

    /** Widens the part of blocks [block, past) that lies within [from, from + limit of the target). */
    private void widenBlocks(int block, int past, long from, FloatTarget target) {
        byte[] codes = new byte[CHUNK * Nf4Codes.BLOCK_BYTES];
        float[] scales = new float[CHUNK];
        for (int at = block; at < past; at += CHUNK) {
            int blocks = Math.min(CHUNK, past - at);
            int begin = at * Nf4Codes.BLOCK_BYTES;
            packed.get(begin, codes, 0, Math.min(blocks * Nf4Codes.BLOCK_BYTES, packed.limit() - begin));
            absmax.read(at, blocks, scales);

            long start = (long) at * Nf4Codes.BLOCK - from;
            int skipped = (int) Math.max(0, -start);
            int to = (int) Math.min(start + (long) blocks * Nf4Codes.BLOCK, target.limit());
            target.put((int) start + skipped, codes, scales, blocks, skipped, to - (int) start - skipped);
        }
    }
}
