package io.github.sparkfinetune.core.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A sparse safetensors file of any size. Values that are not put are zeros and take no disk space. */
public final class SparseSafetensors implements AutoCloseable {
    private final FileChannel out;
    private final Map<String, Long> begins = new LinkedHashMap<>();
    private final Map<String, Long> ends = new LinkedHashMap<>();

    /**
     * Type and shape of a tensor.
     *
     * @param type type of the values
     */
    public record Tensor(TensorType type, long... shape) {
        /** Returns type and shape of a tensor of another file. */
        public static Tensor of(TensorInfo info) {
            return new Tensor(info.dtype(), info.shape());
        }

        /** Returns the size in bytes. */
        public long bytes() {
            return Arrays.stream(shape).reduce(type.bytes(), (bytes, extent) -> bytes * extent);
        }
    }

    private SparseSafetensors(FileChannel out) {
        this.out = out;
    }

    /** Creates a file of the tensors, in their order. */
    public static SparseSafetensors create(Path file, Map<String, Tensor> tensors) throws IOException {
        ObjectNode header = new ObjectMapper().createObjectNode();
        long at = 0;
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            ObjectNode entry = header.putObject(tensor.getKey());
            entry.put("dtype", tensor.getValue().type().name());
            Arrays.stream(tensor.getValue().shape())
                    .forEach(extent -> entry.withArray("shape").add(extent));
            long end = at + tensor.getValue().bytes();
            entry.putArray("data_offsets").add(at).add(end);
            at = end;
        }
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        // Aligned as by Hugging Face's writer.
        int length = (json.length + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
        ByteBuffer begin = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        begin.putLong(length).put(json);
        while (begin.hasRemaining()) {
            begin.put((byte) ' ');
        }
        SparseSafetensors created =
                new SparseSafetensors(FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        created.out.write(begin.flip());
        created.out.write(ByteBuffer.allocate(1), begin.limit() + at - 1);
        long data = begin.limit();
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            created.begins.put(tensor.getKey(), data);
            data += tensor.getValue().bytes();
            created.ends.put(tensor.getKey(), data);
        }
        return created;
    }

    /** Copies the values of another file's tensor of the same name and size. */
    public void put(String tensor, SafetensorsFile other) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) other.info(tensor).byteSize());
        other.read(tensor, 0, bytes);
        out.write(bytes.clear(), begins.get(tensor));
    }

    /** Writes a value {@code times} times at the end of a tensor. */
    public void putLast(String tensor, TensorType type, float value, int times) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(times * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (type == TensorType.F32) {
                bytes.putFloat(value);
            } else {
                bytes.putShort(HalfFloat.toBf16(value));
            }
        }
        out.write(bytes.flip(), ends.get(tensor) - bytes.limit());
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
