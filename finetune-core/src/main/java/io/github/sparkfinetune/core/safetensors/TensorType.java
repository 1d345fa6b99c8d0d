package io.github.sparkfinetune.core.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.Optional;

/** Element type of a stored tensor, named as in the safetensors format. */
public enum TensorType {
    BOOL(1),
    U8(1),
    I8(1),
    F16(2),
    BF16(2),
    I16(2),
    F32(4),
    I32(4),
    F64(8),
    I64(8);

    private final int bytes;

    TensorType(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the number of bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Returns whether weights may have this type: F32, F16 or BF16. */
    public boolean isFloat() {
        return this == F32 || this == F16 || this == BF16;
    }

    /**
     * Widens stored values to F32, which is exact.
     *
     * @param stored as many values of this type as the target takes, little-endian, from position to limit, which do
     *     not change
     * @param target written from its position to its limit, which do not change
     */
    public void widen(ByteBuffer stored, FloatBuffer target) {
        requireFloat();
        ByteBuffer bytes = stored.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (this == F32) {
            target.put(target.position(), bytes.asFloatBuffer(), 0, target.remaining());
            return;
        }
        ShortBuffer halves = bytes.asShortBuffer();
        for (int i = 0, at = target.position(); at < target.limit(); i++, at++) {
            short half = halves.get(i);
            target.put(at, this == BF16 ? HalfFloat.fromBf16(half) : HalfFloat.fromF16(half));
        }
    }

    /**
     * Rounds F32 values to the nearest of this type.
     *
     * @param values as many values as the target takes, from position to limit, which do not change
     * @param stored written from its position to its limit, which do not change; little-endian
     */
    public void narrow(FloatBuffer values, ByteBuffer stored) {
        requireFloat();
        ByteBuffer bytes = stored.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (this == F32) {
            bytes.asFloatBuffer().put(0, values, values.position(), values.remaining());
            return;
        }
        ShortBuffer halves = bytes.asShortBuffer();
        for (int i = 0, at = values.position(); at < values.limit(); i++, at++) {
            float value = values.get(at);
            halves.put(i, this == BF16 ? HalfFloat.toBf16(value) : HalfFloat.toF16(value));
        }
    }

    private void requireFloat() {
        if (!isFloat()) {
            throw new IllegalArgumentException(this + " is not F32, F16 or BF16");
        }
    }

    static Optional<TensorType> named(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }
}
