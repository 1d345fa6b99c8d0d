package io.github.sparkfinetune.core.checkpoint;

/** Widening of 16-bit floats to 32 bits; every value is represented exactly. */
public final class HalfFloat {
    private static final int F16_EXPONENT = 0x1f;
    private static final int F16_FRACTION_BITS = 10;
    private static final int F32_FRACTION_BITS = 23;
    private static final int BIAS_DIFFERENCE = 127 - 15;

    private HalfFloat() {}

    /** The upper half of an IEEE binary32. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** IEEE binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
    public static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >>> F16_FRACTION_BITS) & F16_EXPONENT;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            // Zero and subnormals: fraction x 2^-24, which binary32 holds as a normal number.
            float magnitude = fraction * 0x1p-24f;
            return Float.intBitsToFloat(sign | Float.floatToRawIntBits(magnitude));
        }
        int wide = exponent == F16_EXPONENT ? 0xff : exponent + BIAS_DIFFERENCE;
        return Float.intBitsToFloat(
                sign | wide << F32_FRACTION_BITS | fraction << (F32_FRACTION_BITS - F16_FRACTION_BITS));
    }
}
