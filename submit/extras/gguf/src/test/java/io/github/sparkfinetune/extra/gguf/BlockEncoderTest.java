package io.github.sparkfinetune.extra.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BlockEncoderTest {

    /** Encodes random rows of several sizes, zeros, midpoints between two steps, and two values of equal magnitude. */
    @ParameterizedTest
    @EnumSource(
            value = GgufType.class,
            names = {"Q8_0", "Q4_0"})
    void encodesToTheBitsOfTheReference(GgufType type) {
        try (SafetensorsFile golden =
                SafetensorsFile.open(Path.of("extras/gguf/src/test/resources/golden/blocks.safetensors"))) {
            int columns = (int) golden.info("input").shape()[1];
            int rows = (int) golden.info("input").shape()[0];
            float[] row = new float[columns];
            ByteBuffer blocks =
                    ByteBuffer.allocate((int) type.bytes((long) rows * columns)).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < rows; i++) {
                golden.floats("input", (long) i * columns, FloatBuffer.wrap(row));
                assertThat(BlockEncoder.encode(type, row, blocks)).isTrue();
            }
            assertThat(blocks.flip()).isEqualTo(golden.buffer(type.name()));
        }
    }

    /** Uses values around the largest F16, 65504. The scale of a block is an F16 too. */
    @ParameterizedTest
    @CsvSource({
        "F16, 65504, true",
        "F16, 65520, false",
        "BF16, 65520, true",
        "F32, 1e30, true",
        "Q8_0, 8e6, true",
        "Q8_0, 9e6, false",
        "Q4_0, 5e5, true",
        "Q4_0, 6e5, false"
    })
    void reportsValuesTooLargeForAType(GgufType type, float value, boolean fits) {
        float[] row = new float[32];
        row[7] = -value;
        ByteBuffer out = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(BlockEncoder.encode(type, row, out)).isEqualTo(fits);
        assertThat(out.position()).isEqualTo((int) type.bytes(32));
    }

    /** Encodes values so small that the reciprocal of their scale is infinite. */
    @Test
    void encodesValuesTooSmallForAScaleAsZero() {
        float[] row = new float[32];
        row[3] = 1e-39f;
        for (GgufType type : new GgufType[] {GgufType.Q8_0, GgufType.Q4_0}) {
            ByteBuffer small = ByteBuffer.allocate((int) type.bytes(32)).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer zero = ByteBuffer.allocate((int) type.bytes(32)).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(BlockEncoder.encode(type, row, small)).isTrue();
            BlockEncoder.encode(type, new float[32], zero);
            assertThat(small.flip()).isEqualTo(zero.flip());
        }
    }
}
