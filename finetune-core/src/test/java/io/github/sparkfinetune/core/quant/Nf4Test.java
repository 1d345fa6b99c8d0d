package io.github.sparkfinetune.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Nf4Test {
    /** More weights than a thread's share, with a last block that is not full. */
    private static final int MANY = 300_011;
    /** Half the widest gap between two NF4 values. */
    private static final float HALF_GAP = (1 - 0.6961928f) / 2;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 127, 128, 200, 4096, MANY})
    void roundsEveryWeightByAtMostHalfAGap(int count) {
        float[] weights = Weights.normal(count, count);
        Nf4Tensor tensor = Weights.nf4(weights, false, 2);
        float[] absmax = Weights.absmax(tensor);
        float[] widened = Weights.widened(tensor, 2);
        for (int i = 0; i < count; i++) {
            assertThat(Math.abs(widened[i] - weights[i]))
                    .as("weight %d", i)
                    .isLessThanOrEqualTo(absmax[i / 64] * HALF_GAP * 1.000001f);
        }
    }

    @Test
    void choosesTheNearestCode() {
        float[] values = Nf4Codes.values();
        // Blocks that begin with 1, so that the weights are their own scaled values.
        float[] weights = Weights.normal(64 * 5000, 3);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = i % 64 == 0 ? 1 : Math.max(-1, Math.min(1, 4 * weights[i]));
        }
        int at = 1;
        for (int code = 0; code < 15; code++) {
            float middle = (values[code] + values[code + 1]) / 2;
            weights[at++] = middle;
            weights[at++] = Math.nextUp(middle);
            weights[at++] = Math.nextDown(middle);
        }
        ByteBuffer packed = Weights.nf4(weights, false, 1).packed();
        for (int i = 0; i < weights.length; i++) {
            int expected = 0;
            while (expected < 15 && (values[expected] + values[expected + 1]) / 2 < weights[i]) {
                expected++;
            }
            int pair = packed.get(i / 2) & 0xff;
            assertThat(i % 2 == 0 ? pair >> 4 : pair & 15)
                    .as("weight %s", weights[i])
                    .isEqualTo(expected);
        }
    }

    @Test
    void keepsABlockOfZeros() {
        float[] weights = Weights.normal(256, 1);
        Arrays.fill(weights, 64, 128, 0);
        weights[70] = -0.0f;
        Nf4Tensor tensor = Weights.nf4(weights, false, 1);
        assertThat(Weights.absmax(tensor)[1]).isZero();
        assertThat(Arrays.copyOfRange(Weights.widened(tensor, 1), 64, 128)).containsOnly(0);
        assertThat(Weights.widened(Weights.nf4(new float[65], true, 1), 1)).containsOnly(0);
    }

    @Test
    void doesNotOverflowBelowTheSmallestScale() {
        float[] weights = new float[128];
        Arrays.fill(weights, 0, 64, 1e-40f);
        Arrays.fill(weights, 64, 128, Float.MAX_VALUE);
        float[] widened = Weights.widened(Weights.nf4(weights, false, 1), 1);
        assertThat(widened[0]).isBetween(0f, 1e-40f);
        assertThat(widened[64]).isEqualTo(Float.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void quantisesToTheSameBitsForAllThreadCountsAndParts(boolean doubleQuant) throws IOException {
        float[] weights = Weights.normal(MANY, 7);
        Nf4Tensor whole = Weights.nf4(weights, doubleQuant, 1);
        float[] widened = Weights.widened(whole, 1);
        try (SafetensorsFile file = Weights.file(folder, Weights.f32("w", weights))) {
            for (int threads : new int[] {1, 2, 3, 7}) {
                for (int blocks : new int[] {1, 3, 101, 100_000}) {
                    Nf4Tensor parts = Nf4.quantize(file, "w", doubleQuant, threads, blocks);
                    assertThat(parts.packed()).isEqualTo(whole.packed());
                    assertThat(parts.absmax()).isEqualTo(whole.absmax());
                }
                assertThat(Weights.widened(whole, threads)).isEqualTo(widened);
            }
        }
    }

    @Test
    void quantisesHalfPrecisionLikeItsWidenedValues() throws IOException {
        TensorData half = Weights.bf16("w", Weights.normal(MANY, 9));
        try (SafetensorsFile file = Weights.file(folder, half)) {
            float[] weights = Weights.widened(MappedWeight.of(file, "w"), 1);
            Nf4Tensor expected = Weights.nf4(weights, true, 1);
            Nf4Tensor tensor = Nf4.quantize(file, "w", true, 2);
            assertThat(tensor.packed()).isEqualTo(expected.packed());
            assertThat(tensor.absmax()).isEqualTo(expected.absmax());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 63, 64, 100, 130_001})
    void widensAPartLikeTheWhole(int from) {
        Nf4Tensor tensor = Weights.nf4(Weights.normal(MANY, 5), true, 2);
        float[] whole = Weights.widened(tensor, 1);
        for (int count : new int[] {0, 1, 64, 77, 70_000, MANY - from}) {
            int fitting = Math.min(count, MANY - from);
            assertThat(Weights.widened(tensor, from, fitting))
                    .isEqualTo(Arrays.copyOfRange(whole, from, from + fitting));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "63, true", "2049, false"})
    void widensToTheNearestBf16(int from, boolean doubleQuant) {
        int count = 130_001 - from;
        Nf4Tensor tensor = Weights.nf4(Weights.normal(130_001, 7), doubleQuant, 2);
        float[] weights = Weights.widened(tensor, from, count);
        ByteBuffer target = ByteBuffer.allocateDirect(count * Short.BYTES).order(ByteOrder.nativeOrder());
        tensor.widen(from, target, TensorType.BF16);
        for (int i = 0; i < count; i++) {
            assertThat(target.getShort(i * Short.BYTES)).isEqualTo(HalfFloat.toBf16(weights[i]));
        }
    }

    @Test
    void writesOnlyBetweenPositionAndLimit() {
        Nf4Tensor tensor = Weights.nf4(Weights.normal(100, 5), false, 1);
        ByteBuffer target = ByteBuffer.allocateDirect(412).order(ByteOrder.nativeOrder());
        for (int i = 0; i < target.capacity(); i++) {
            target.put(i, (byte) 77);
        }
        target.position(8).limit(408);
        Widening.run(List.of(new Widening(tensor, target)), TensorType.F32, 2);
        assertThat(target.position()).isEqualTo(8);
        assertThat(target.limit()).isEqualTo(408);
        assertThat(target.getFloat(8)).isEqualTo(Weights.widened(tensor, 1)[0]);
        target.clear();
        assertThat(target.get(7)).isEqualTo((byte) 77);
        assertThat(target.get(408)).isEqualTo((byte) 77);
        assertThatThrownBy(() -> Widening.run(List.of(new Widening(tensor, target)), TensorType.F32, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> tensor.widen(1, target.limit(400), TensorType.F32))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.widen(0, target.order(ByteOrder.BIG_ENDIAN), TensorType.F32))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void savesBytesByDoubleQuantisationWithASmallError() {
        float[] weights = Weights.normal(1 << 18, 11);
        Nf4Tensor plain = Weights.nf4(weights, false, 2);
        Nf4Tensor doubled = Weights.nf4(weights, true, 2);
        assertThat(doubled.packed()).isEqualTo(plain.packed());
        assertThat(plain.byteSize()).isEqualTo((1 << 17) + 4 * (1 << 12));
        assertThat(doubled.byteSize()).isEqualTo((1 << 17) + (1 << 12) + 4 * 16 + 4 * 256 + 4);
        float[] absmax = Weights.absmax(plain);
        float[] again = Weights.absmax(doubled);
        float[] nested = new float[16];
        ((Absmax.DoubleQuantized) doubled.absmax()).nestedAbsmax().get(0, nested);
        for (int block = 0; block < absmax.length; block++) {
            // The widest gap of the code is 0.0141.
            assertThat(Math.abs(absmax[block] - again[block])).isLessThan(0.0072f * nested[block / 256]);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void refusesANonFiniteWeightByItsIndex(float bad) throws IOException {
        float[] weights = Weights.normal(100_000, 1);
        weights[70_001] = bad;
        try (SafetensorsFile file = Weights.file(folder, Weights.f32("layer.weight", weights))) {
            assertThatThrownBy(() -> Nf4.quantize(file, "layer.weight", true, 2))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("model.safetensors: tensor 'layer.weight' is " + bad + " at element 70001");
        }
    }
}
