package io.github.sparkfinetune.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.SmallParts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MappedWeightTest {
    private static final int PATTERNS = 1 << 16;
    /** More values than two threads' least share, and not a multiple of four. */
    private static final int COUNT = 3 * PATTERNS + 3;

    @TempDir
    Path folder;

    private static TensorData everyPattern(TensorType dtype) {
        ByteBuffer bytes = ByteBuffer.allocate(COUNT * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < COUNT; i++) {
            bytes.putShort((short) i);
        }
        return TensorData.of("w", dtype, new long[] {3, COUNT / 3}, bytes.flip());
    }

    private static int expectedBits(TensorType dtype, long element) {
        short half = (short) element;
        return Float.floatToRawIntBits(dtype == TensorType.BF16 ? HalfFloat.fromBf16(half) : HalfFloat.fromF16(half));
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void widensEveryValueForAllPartSizesAndThreadCounts(TensorType dtype) throws Exception {
        try (SafetensorsFile file = Weights.file(folder, everyPattern(dtype))) {
            for (int partBytes : new int[] {1 << 30, 10_008, 123_456}) {
                MappedWeight weight = SmallParts.call(partBytes, () -> MappedWeight.of(file, "w"));
                assertThat(weight.shape()).containsExactly(3, COUNT / 3);
                assertThat(weight.byteSize()).isEqualTo(2L * COUNT);
                check(dtype, 5001, 130_002, target -> weight.widen(5001, target, TensorType.F32));
                for (int threads = 1; threads <= 3; threads++) {
                    int many = threads;
                    check(
                            dtype,
                            0,
                            COUNT,
                            target -> Widening.run(List.of(new Widening(weight, target)), TensorType.F32, many));
                }
            }
        }
    }

    private static void check(TensorType dtype, int from, int count, Consumer<ByteBuffer> widen) {
        ByteBuffer target = ByteBuffer.allocateDirect(count * Float.BYTES + 8).order(ByteOrder.nativeOrder());
        target.position(4).limit(4 + count * Float.BYTES);
        widen.accept(target);
        assertThat(target.position()).isEqualTo(4);
        int[] actual = new int[count];
        target.asIntBuffer().get(actual);
        for (int i = 0; i < count; i++) {
            if (actual[i] != expectedBits(dtype, from + i)) {
                assertThat(actual[i]).as("element %d", from + i).isEqualTo(expectedBits(dtype, from + i));
            }
        }
        target.clear();
        assertThat(target.getInt(0)).isZero();
        assertThat(target.getInt(4 + count * Float.BYTES)).isZero();
    }

    @Test
    void keepsTheMappingAfterTheFileIsClosed() throws IOException {
        MappedWeight weight;
        try (SafetensorsFile file = Weights.file(folder, everyPattern(TensorType.BF16))) {
            weight = MappedWeight.of(file, "w");
        }
        check(TensorType.BF16, 0, COUNT, target -> weight.widen(0, target, TensorType.F32));
    }

    @Test
    void refusesOtherTypes() throws IOException {
        try (SafetensorsFile file = Weights.file(folder, Weights.f32("w", new float[4]))) {
            assertThatThrownBy(() -> MappedWeight.of(file, "w"))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("tensor 'w' has type F32");
        }
    }
}
