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
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
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
