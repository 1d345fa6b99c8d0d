package io.github.sparkfinetune.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntFunction;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

/** Narrowing to half precision: it inverts widening, and rounds to the nearest neighbour between two values. */
class HalfFloatTest {

    @Test
    void roundsToTheNearestBf16() {
        check(bits -> HalfFloat.fromBf16((short) bits), value -> HalfFloat.toBf16(value) & 0xffff, 0x7f80);
    }

    @Test
    void roundsToTheNearestF16() {
        check(bits -> HalfFloat.fromF16((short) bits), value -> HalfFloat.toF16(value) & 0xffff, 0x7c00);
    }

    private static void check(IntFunction<Float> widen, ToIntFunction<Float> narrow, int infinity) {
        for (int bits = 0; bits < infinity; bits++) {
            float value = widen.apply(bits);
            assertThat(narrow.applyAsInt(value)).isEqualTo(bits);
            assertThat(narrow.applyAsInt(-value)).isEqualTo(bits | 0x8000);
            if (bits + 1 < infinity) {
                float middle = (float) ((value + (double) widen.apply(bits + 1)) / 2);
                assertThat(narrow.applyAsInt(middle)).isEqualTo(bits + (bits & 1));
                assertThat(narrow.applyAsInt(Math.nextDown(middle))).isEqualTo(bits);
                assertThat(narrow.applyAsInt(Math.nextUp(middle))).isEqualTo(bits + 1);
            }
        }
        assertThat(narrow.applyAsInt(Float.POSITIVE_INFINITY)).isEqualTo(infinity);
        assertThat(narrow.applyAsInt(Float.NEGATIVE_INFINITY)).isEqualTo(infinity | 0x8000);
        assertThat(narrow.applyAsInt(Float.MAX_VALUE)).isEqualTo(infinity);
        assertThat(widen.apply(narrow.applyAsInt(Float.NaN))).isNaN();
    }
}
