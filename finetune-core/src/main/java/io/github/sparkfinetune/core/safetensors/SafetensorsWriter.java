package io.github.sparkfinetune.core.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writer of safetensors files, as the reference implementation writes them. A file consists of
 *
 * <ol>
 *   <li>8 bytes: n, the length of the header, little-endian
 *   <li>n bytes, a multiple of 8: the header, a JSON object without white space, padded with blanks. It has
 *       {@code "__metadata__"}, an object of texts, if there are any; then for each tensor its name and <code>
 *       {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}</code>: {@link TensorType}, extents from the
 *       outermost, offsets of the first byte and after the last byte, from the end of the header
 *   <li>the tensors' elements, little-endian and row-major, in the order of the header and without gaps
 * </ol>
 *
 * <p>Source: <a href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>.
 */
public final class SafetensorsWriter {
    /** Metadata for PyTorch's layout; {@code transformers} refuses files without it. */
    public static final Map<String, String> PT = Map.of("format", "pt");

    /** Default limit of {@code transformers}, in bytes. */
    public static final long MAX_SHARD_SIZE = 5_000_000_000L;

    private static final int ALIGNMENT = 8;
    private static final int CHUNK = 1 << 20;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private SafetensorsWriter() {}

    /**
     * Writes one file in one pass. The stream is left open.
     *
     * @param tensors tensors in the order of the file, with distinct names
     */
    public static void write(OutputStream out, List<TensorData> tensors, Map<String, String> metadata)
            throws IOException {
        out.write(header(tensors, metadata));
        byte[] chunk = new byte[CHUNK];
        for (TensorData tensor : tensors) {
            tensor.writeTo(bytes -> {
                int length;
                for (int at = bytes.position(); at < bytes.limit(); at += length) {
                    length = Math.min(chunk.length, bytes.limit() - at);
                    bytes.get(at, chunk, 0, length);
                    out.write(chunk, 0, length);
                }
            });
        }
    }

    /** Returns the bytes of a file before the tensors' bytes. */
    public static byte[] header(List<TensorData> tensors, Map<String, String> metadata) {
        ObjectNode header = MAPPER.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode values = header.putObject(SafetensorsHeader.METADATA);
            metadata.forEach(values::put);
        }
        Set<String> names = new HashSet<>();
        long at = 0;
        for (TensorData tensor : tensors) {
            if (!names.add(tensor.name())) {
                throw new IllegalArgumentException("two tensors are named " + tensor.name());
            }
            ObjectNode entry = header.putObject(tensor.name());
            entry.put("dtype", tensor.dtype().name());
            var shape = entry.putArray("shape");
            for (long extent : tensor.shape()) {
                shape.add(extent);
            }
            entry.putArray("data_offsets").add(at).add(at + tensor.byteSize());
            at += tensor.byteSize();
        }
        try {
            byte[] json = MAPPER.writeValueAsBytes(header);
            int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(padded).put(json);
            while (bytes.hasRemaining()) {
                bytes.put((byte) ' ');
            }
            return bytes.array();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Returns the files of a model's weights by name, split as by {@code huggingface_hub}. If one file is enough, its
     * name is {@code model.safetensors}; else the files are {@code model-00001-of-0000N.safetensors}, in the order of
     * the tensors. A tensor above the limit has its own file.
     *
     * @param maxShardSize maximum number of bytes of tensors in one file
     */
    public static Map<String, List<TensorData>> shards(List<TensorData> tensors, long maxShardSize) {
        List<List<TensorData>> shards = new ArrayList<>();
        List<TensorData> current = new ArrayList<>();
        long size = 0;
        for (TensorData tensor : tensors) {
            if (tensor.byteSize() > maxShardSize) {
                shards.add(List.of(tensor));
                continue;
            }
            if (size + tensor.byteSize() > maxShardSize) {
                shards.add(current);
                current = new ArrayList<>();
                size = 0;
            }
            current.add(tensor);
            size += tensor.byteSize();
        }
        if (!current.isEmpty() || shards.isEmpty()) {
            shards.add(current);
        }
        Map<String, List<TensorData>> files = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = shards.size() == 1
                    ? SafetensorsModel.FILE
                    : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
            files.put(name, shards.get(i));
        }
        return files;
    }

    /** Returns the list of shards for the result of {@link #shards}. */
    public static ObjectNode index(Map<String, List<TensorData>> shards) {
        ObjectNode index = MAPPER.createObjectNode();
        long total = shards.values().stream()
                .flatMap(List::stream)
                .mapToLong(TensorData::byteSize)
                .sum();
        index.putObject("metadata").put("total_size", total);
        ObjectNode weightMap = index.putObject("weight_map");
        shards.forEach((file, tensors) -> tensors.forEach(tensor -> weightMap.put(tensor.name(), file)));
        return index;
    }
}
