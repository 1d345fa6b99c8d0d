package io.github.sparkfinetune.extra.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A GGUF file, read by the specification. */
record GgufFile(Map<String, Object> metadata, Map<String, Tensor> tensors) {
    private static final long ALIGNMENT = 32;
    /** Elements and bytes of a block, by the type's number. */
    private static final Map<Integer, int[]> BLOCKS = Map.of(
            0, new int[] {1, 4}, 1, new int[] {1, 2}, 30, new int[] {1, 2}, 8, new int[] {32, 34}, 2, new int[] {32, 18
            });

    /** @param shape innermost first */
    record Tensor(int type, List<Long> shape, ByteBuffer bytes) {}

    static GgufFile read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (in.getInt() != 0x46554747 || in.getInt() != 3) {
            throw new IOException(file + " is no GGUF file of version 3");
        }
        long tensorCount = in.getLong();
        long pairs = in.getLong();
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (long i = 0; i < pairs; i++) {
            metadata.put(text(in), value(in, in.getInt()));
        }
        Map<String, Tensor> infos = new LinkedHashMap<>();
        List<Long> begins = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            String name = text(in);
            List<Long> shape = new ArrayList<>();
            int extents = in.getInt();
            for (int j = 0; j < extents; j++) {
                shape.add(in.getLong());
            }
            infos.put(name, new Tensor(in.getInt(), shape, null));
            begins.add(in.getLong());
        }
        long data = (in.position() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        long end = 0;
        for (Map.Entry<String, Tensor> info : infos.entrySet()) {
            Tensor tensor = info.getValue();
            long begin = begins.get(tensors.size());
            if (begin != end) {
                throw new IOException(info.getKey() + " begins at " + begin + ", the one before ends at " + end);
            }
            int[] block = BLOCKS.get(tensor.type());
            long count = tensor.shape().stream().reduce(1L, Math::multiplyExact);
            int size = Math.toIntExact(count / block[0] * block[1]);
            tensors.put(
                    info.getKey(),
                    new Tensor(
                            tensor.type(),
                            tensor.shape(),
                            in.slice(Math.toIntExact(data + begin), size).order(ByteOrder.LITTLE_ENDIAN)));
            end = begin + (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
        if (!tensors.isEmpty() && data + end != in.capacity()) {
            throw new IOException(file + " has " + in.capacity() + " bytes, its tensors end at " + (data + end));
        }
        return new GgufFile(metadata, tensors);
    }

    private static Object value(ByteBuffer in, int type) {
        return switch (type) {
            case 4, 5 -> in.getInt();
            case 6 -> in.getFloat();
            case 7 -> in.get() != 0;
            case 8 -> text(in);
            case 9 -> {
                int element = in.getInt();
                long length = in.getLong();
                List<Object> values = new ArrayList<>();
                for (long i = 0; i < length; i++) {
                    values.add(value(in, element));
                }
                yield values;
            }
            default -> throw new IllegalArgumentException("type " + type);
        };
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[Math.toIntExact(in.getLong())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
