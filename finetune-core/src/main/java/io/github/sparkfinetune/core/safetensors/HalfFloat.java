package io.github.sparkfinetune.core.safetensors;

/** 16-bit floats, converted as in PyTorch: widening is exact, narrowing rounds to the nearest, ties to even. */
public final class HalfFloat {
    private static final int F16_EXPONENT = 0x1f;
    private static final int F16_FRACTION_BITS = 10;
    private static final int F32_FRACTION_BITS = 23;
    private static final int BIAS_DIFFERENCE = 127 - 15;

    private HalfFloat() {}

    /** Widens a BF16, the upper half of an IEEE binary32. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Widens an IEEE binary16: 1 sign bit, 5 exponent bits (bias 15) and 10 fraction bits. */
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

    /** Returns the nearest BF16; a NaN stays a NaN. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /** Returns the nearest binary16. Too large values become infinite; a NaN stays a NaN. */
    public static short toF16(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        float magnitude = Math.abs(value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude < 0x1p-14f) {
            // Zero and subnormals: multiples of 2^-24. The product is exact and rint rounds ties to even.
            return (short) (sign | (int) Math.rint(magnitude * 0x1p24f));
        }
        // Adds half of the last kept bit, less one if the kept part is even; a carry moves into the exponent.
        int bits = Float.floatToRawIntBits(magnitude);
        int cut = F32_FRACTION_BITS - F16_FRACTION_BITS;
        int rounded = (bits + (1 << (cut - 1)) - 1 + (bits >>> cut & 1)) >>> cut;
        int half = rounded - (BIAS_DIFFERENCE << F16_FRACTION_BITS);
        return (short) (sign | Math.min(half, F16_EXPONENT << F16_FRACTION_BITS));
    }
}
