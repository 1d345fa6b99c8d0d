package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model whose embedding table is larger than one of Java's buffers; its file is sparse. */
class LargeTensorTest {
    private static final String TABLE = "model.embed_tokens.weight";
    private static final int WIDTH = 64;
    private static final float LAST = 0.375f;

    @TempDir
    private Path folder;

    /** A golden model with a table of more than 2 GB, all zeros but for its last row. */
    private Path model(TensorType type) throws IOException {
        long rows = (1L << 31) / type.bytes() / WIDTH + 1000;
        Path model = TinyModel.copy(
                folder.resolve("model"),
                "llama-tied",
                config -> config.put("vocab_size", rows).remove("pad_token_id"));
        Map<String, float[]> small = TinyModel.weights(model);
        small.remove(TABLE);
        ObjectNode header = new ObjectMapper().createObjectNode();
        long at = 0;
        try (SafetensorsModel source = SafetensorsModel.open(model)) {
            for (String name : small.keySet()) {
                at = entry(header, name, TensorType.F32, at, source.info(name).shape());
            }
        }
        long table = at;
        entry(header, TABLE, type, at, rows, WIDTH);
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        // As Hugging Face's writer aligns it.
        int length = (json.length + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
        Path file = model.resolve(SafetensorsModel.FILE);
        Files.delete(file);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer begin = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
            begin.putLong(length).put(json);
            while (begin.hasRemaining()) {
                begin.put((byte) ' ');
            }
            out.write(begin.flip());
            for (float[] values : small.values()) {
                ByteBuffer bytes =
                        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                out.write(bytes);
            }
            ByteBuffer row = ByteBuffer.allocate(WIDTH * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            while (row.hasRemaining()) {
                if (type == TensorType.F32) {
                    row.putFloat(LAST);
                } else {
                    row.putShort(HalfFloat.toBf16(LAST));
                }
            }
            out.write(row.flip(), begin.limit() + table + (rows - 1) * WIDTH * type.bytes());
        }
        return model;
    }

    private static long entry(ObjectNode header, String name, TensorType type, long begin, long... shape) {
        ObjectNode entry = header.putObject(name).put("dtype", type.name());
        long count = 1;
        for (long extent : shape) {
            entry.withArray("shape").add(extent);
            count *= extent;
        }
        entry.putArray("data_offsets").add(begin).add(begin + count * type.bytes());
        return begin + count * type.bytes();
    }

    @ParameterizedTest
    @CsvSource({"F32, fp32", "F32, bf16", "BF16, bf16"})
    void itsRowsAreFoundWhereTheyLie(TensorType type, String precision) throws IOException {
        try (TinyDecoder model = TinyDecoder.toTrain(model(type), "method.type=lora", "precision=" + precision);
                NDManager owner = model.manager.newSubManager()) {
            NDArray table = model.model().table().value();
            long last = table.getShape().get(0) - 1;
            NDArray rows =
                    model.model().script().callOne(owner, "lookup", table, owner.create(new long[] {last, last - 1}));
            float[] expected = new float[2 * WIDTH];
            Arrays.fill(expected, 0, WIDTH, LAST);
            assertThat(rows.toFloatArray()).containsExactly(expected);
        }
    }

    /** With one terabyte of a tensor that nobody asks for, behind those of the model. */
    @ParameterizedTest
    @CsvSource({"F32, fp32, lora", "F32, bf16, qlora", "BF16, bf16, lora"})
    void aFileThatCannotBeMappedIsRead(TensorType type, String precision, String method) throws IOException {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        Path plain = folder.resolve("plain");
        TinyModel.rewrite(base, plain, type, Long.MAX_VALUE, (name, values) -> {});
        Path large = folder.resolve("large");
        TinyModel.rewrite(base, large, type, Long.MAX_VALUE, (name, values) -> {});
        appendTerabyte(large.resolve(SafetensorsModel.FILE));
        List<Sample> samples = List.of(Sample.ofDocuments(0, new int[] {5, 9, 200}, new int[] {5, 9, 200}, 3));
        String[] settings = {"method.type=" + method, "precision=" + precision};
        try (TinyDecoder expected = TinyDecoder.toTrain(plain, settings);
                TinyDecoder model = TinyDecoder.toTrain(large, settings)) {
            assertThat(model.logits(samples)).isEqualTo(expected.logits(samples));
        }
    }

    private static void appendTerabyte(Path file) throws IOException {
        long count = 1L << 38;
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            out.read(length, 0);
            int headerBytes = (int) length.getLong(0);
            ByteBuffer whole = ByteBuffer.allocate((int) out.size());
            out.read(whole, 0);
            ObjectNode header = (ObjectNode) new ObjectMapper()
                    .readTree(new String(whole.array(), Long.BYTES, headerBytes, StandardCharsets.UTF_8));
            long data = out.size() - Long.BYTES - headerBytes;
            entry(header, "unused", TensorType.F32, data, count);
            byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
            int padded = (json.length + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
            ByteBuffer begin = ByteBuffer.allocate(Long.BYTES + padded)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(padded)
                    .put(json);
            while (begin.hasRemaining()) {
                begin.put((byte) ' ');
            }
            out.write(begin.flip(), 0);
            out.write(whole.position(Long.BYTES + headerBytes), begin.limit());
            out.write(ByteBuffer.allocate(1), begin.limit() + data + count * Float.BYTES - 1);
        }
    }

    @Test
    void itIsNotTrained() throws IOException {
        Path model = model(TensorType.BF16);
        assertThatThrownBy(() -> TinyDecoder.toTrain(model, "method.type=full"))
                .isInstanceOf(RunException.class)
                .hasMessage(
                        "method: " + TABLE + " takes 4295223296 bytes in F32, and tensors above 2 GB can't be trained:"
                                + " set method.type to lora or qlora, without it in method.modules_to_save");
    }
}
