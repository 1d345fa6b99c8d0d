package io.github.sparkfinetune.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
class SafetensorsFileTest {
    @TempDir
    Path folder;

    private static ByteBuffer direct(byte... bytes) {
        return ByteBuffer.allocateDirect(bytes.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(bytes)
                .flip();
    }

    private static ByteBuffer floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    private Path write(String name, List<TensorData> tensors) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT);
        }
        return file;
    }

    private Path withHeader(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        return Files.write(
                folder.resolve("x.safetensors"),
                bytes.putLong(json.length).put(json).array());
    }

    @Test
    void readsAPartWithoutMovingTheTarget() throws IOException {
        Path path = write("x.safetensors", List.of(TensorData.f32("a", new long[] {4}, floats(1, 2, 3, 4))));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            ByteBuffer target = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
            target.position(4);
            file.read("a", 4, target);
            assertThat(target.position()).isEqualTo(4);
            assertThat(target.getFloat(0)).isZero();
            assertThat(target.getFloat(4)).isEqualTo(2);
            assertThat(target.getFloat(8)).isEqualTo(3);

            FloatBuffer values = FloatBuffer.allocate(3).position(1);
            file.floats("a", 2, values);
            assertThat(values.position()).isEqualTo(1);
            assertThat(values.array()).containsExactly(0, 3, 4);
            assertThatThrownBy(() -> file.floats("a", 3, values)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> file.read("a", -1, target)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void readsAPartOfSeveralChunks() throws IOException {
        float[] values = new float[2 * TensorSource.CHUNK / Float.BYTES + 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Path path = write("x.safetensors", List.of(TensorData.f32("a", new long[] {values.length}, floats(values))));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            FloatBuffer target = FloatBuffer.allocate(values.length).position(1);
            file.floats("a", 1, target);
            assertThat(target.position()).isEqualTo(1);
            values[0] = 0;
            assertThat(Arrays.equals(target.array(), values)).isTrue();
        }
    }

    @Test
    void widensHalfPrecisionExactly() throws IOException {
        // 1, -2, the smallest subnormal and infinity, in F16 and then in BF16, whose smallest subnormal is 2^-133.
        Path file = write(
                "half.safetensors",
                List.of(
                        TensorData.of(
                                "f16",
                                TensorType.F16,
                                new long[] {2, 2},
                                direct(
                                        (byte) 0,
                                        (byte) 0x3c,
                                        (byte) 0,
                                        (byte) 0xc0,
                                        (byte) 1,
                                        (byte) 0,
                                        (byte) 0,
                                        (byte) 0x7c)),
                        TensorData.of(
                                "bf16",
                                TensorType.BF16,
                                new long[] {4},
                                direct(
                                        (byte) 0x80,
                                        (byte) 0x3f,
                                        (byte) 0,
                                        (byte) 0xc0,
                                        (byte) 1,
                                        (byte) 0,
                                        (byte) 0x80,
                                        (byte) 0x7f))));
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.names()).containsExactly("f16", "bf16");
            assertThat(read.metadata()).isEqualTo(Map.of("format", "pt"));
            FloatBuffer target = FloatBuffer.allocate(4);
            read.floats("f16", 0, target);
            assertThat(target.array()).containsExactly(1f, -2f, 0x1p-24f, Float.POSITIVE_INFINITY);
            read.floats("bf16", 0, target);
            assertThat(target.array()).containsExactly(1f, -2f, 0x1p-133f, Float.POSITIVE_INFINITY);
        }
    }

    @Test
    void returnsDirectReadOnlyBuffersThatOutliveTheFile() throws IOException {
        Path file = write(
                "w.safetensors",
                List.of(
                        TensorData.f32("scalar", new long[0], floats(7f)),
                        TensorData.f32("empty", new long[] {0, 3}, floats()),
                        TensorData.f32("w", new long[] {3}, floats(1f, 2f, 3f))));
        ByteBuffer w;
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            w = read.buffer("w");
            assertThat(read.buffer("empty").remaining()).isZero();
            assertThat(read.buffer("scalar").getFloat(0)).isEqualTo(7f);
            assertThat(read.buffer("w", 4, 4).getFloat(0)).isEqualTo(2f);
            assertThatThrownBy(() -> read.info("v"))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("w.safetensors")
                    .hasMessageContaining("'v'");
        }
        assertThat(w.isDirect() && w.isReadOnly()).isTrue();
        assertThat(w.getFloat(8)).isEqualTo(3f);
    }

    @Test
    void readsATensorAboveTwoGigabytesOnlyInParts() throws IOException {
        long count = 600_000_000L;
        String header =
                "{\"big\":{\"dtype\":\"F32\",\"shape\":[" + count + "],\"data_offsets\":[0," + 4 * count + "]}}";
        Path file = withHeader(header, 0);
        try (var channel = java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
            // A sparse file: only the last page is stored.
            channel.write(floats(5f), 8 + header.length() + 4 * (count - 1));
        }
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.buffer("big", 4 * (count - 1), 4).getFloat(0)).isEqualTo(5f);
            assertThatThrownBy(() -> read.buffer("big"))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("'big'")
                    .hasMessageContaining("2 GB");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '|',
            value = {
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,12]}}; ends at byte 12",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}}; not a range",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}}; not a range",
                "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}; needs 12 bytes",
                "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}; impossible shape",
                "{'a':{'dtype':'F32','shape':[4294967296,4294967296,4294967296],'data_offsets':[0,8]}}; impossible shape",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}; the data, which has 8",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}; begins at byte 4",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}; tensor 'b' begins",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}; Duplicate field",
                "{'a':{'dtype':'F4_X','shape':[2],'data_offsets':[0,8]}}; 'F4_X'",
                "{'a':{'dtype':'F32','shape':[2]}}; lacks",
                "{'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}}; shape",
                "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}; shape",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,99999999999999999999]}}; out of range",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'more':1}}; 'more'",
                "{'__metadata__':{'a':1},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}; __metadata__",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}x; well-formed",
                "[]; the header",
                "{; header",
            })
    void refusesInconsistentHeadersByFileAndName(String header, String message) throws IOException {
        Path file = withHeader(header.replace('\'', '"'), 8);
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(RunException.class)
                .hasMessageContaining("x.safetensors")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, 100_000_001, 17, Long.MAX_VALUE})
    void refusesAWrongLengthFieldBeforeAllocating(long length) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        Path file = Files.write(folder.resolve("x.safetensors"), bytes.array());
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(RunException.class)
                .hasMessageContaining("header");
    }

    @Test
    void refusesOrToleratesDamageAnywhere() throws IOException {
        byte[] whole = Files.readAllBytes(write(
                "w.safetensors",
                List.of(
                        TensorData.f32("encoder.weight", new long[] {2, 2}, floats(1f, 2f, 3f, 4f)),
                        TensorData.f32("encoder.bias", new long[] {2}, floats(5f, 6f)))));
        Path file = folder.resolve("damaged.safetensors");
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("damaged.safetensors");
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int at = 0; at < whole.length; at++) {
            for (int round = 0; round < 8; round++) {
                byte[] damaged = whole.clone();
                damaged[at] ^= (byte) (1 + random.nextInt(255));
                Files.write(file, damaged);
                readAll(file);
            }
        }
    }

    /** Reads a damaged file. Damage in a name, a value or white space leaves a valid file; other damage is refused. */
    private static void readAll(Path file) {
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            for (String name : read.names()) {
                TensorInfo info = read.info(name);
                assertThat(read.buffer(name).remaining()).isEqualTo((int) info.byteSize());
                if (info.dtype() == TensorType.F32) {
                    read.floats(name, 0, FloatBuffer.allocate((int) info.count()));
                }
            }
        } catch (RunException e) {
            assertThat(e).hasMessageContaining("damaged.safetensors");
            assertThat(e.getMessage().lines()).hasSize(1);
        }
    }
}
