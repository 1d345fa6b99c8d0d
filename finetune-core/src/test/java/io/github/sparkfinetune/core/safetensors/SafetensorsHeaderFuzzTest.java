package io.github.sparkfinetune.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** A stranger's safetensors file either holds adjacent tensors or is refused in one line. */
class SafetensorsHeaderFuzzTest {

    static Stream<byte[]> files() throws IOException {
        ByteBuffer floats = ByteBuffer.allocateDirect(24);
        return Stream.of(
                written(List.of()),
                written(List.of(TensorData.f32("a", new long[] {2, 3}, floats.duplicate()))),
                written(List.of(
                        TensorData.f32("a.weight", new long[] {6}, floats.duplicate()),
                        TensorData.f32("b.weight", new long[] {3, 2, 1}, floats.duplicate()))));
    }

    private static byte[] written(List<TensorData> tensors) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT);
        return out.toByteArray();
    }

    @MethodSource("files")
    @FuzzTest(maxDuration = "")
    void readsTensorsOrRefusesInOneLine(byte[] file) {
        try {
            int length = SafetensorsHeader.length(ByteBuffer.wrap(file), file.length, "x.safetensors");
            int data = file.length - SafetensorsHeader.LENGTH_BYTES - length;
            SafetensorsHeader header = SafetensorsHeader.parse(
                    ByteBuffer.wrap(file, SafetensorsHeader.LENGTH_BYTES, length), data, "x.safetensors");
            long at = 0;
            for (TensorInfo info : header.tensors().values()) {
                assertThat(info.begin()).isEqualTo(at);
                assertThat(info.byteSize())
                        .isEqualTo(info.count() * info.dtype().bytes());
                at = info.end();
            }
            assertThat(at).isEqualTo(data);
        } catch (RunException e) {
            assertThat(e.getMessage()).startsWith("x.safetensors").doesNotContain("\n");
        }
    }
}
