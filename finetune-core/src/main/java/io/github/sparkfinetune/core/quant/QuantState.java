package io.github.sparkfinetune.core.quant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * bitsandbytes' description of a weight: a JSON object with {@code "quant_type": "nf4"}, {@code "blocksize": 64}, and
 * {@code "shape"}, the weight's extents. With double quantization it also has {@code "nested_blocksize": 256} and
 * {@code "nested_offset"}. Other fields are ignored.
 *
 * @param shape shape of the weight
 * @param nestedOffset mean of the absmax, or empty without double quantization
 */
record QuantState(long[] shape, Optional<Float> nestedOffset) {
    /** Size in bytes of the result of {@link #write}; blanks follow the JSON. */
    static final int BYTES = 256;

    private static final int MAX_BYTES = 1 << 16;

    /**
     * Returns the JSON of a matrix.
     *
     * @param offset mean of the absmax, or null without double quantization
     */
    static ByteBuffer write(long[] shape, Float offset) {
        ObjectNode json = JsonFiles.MAPPER.createObjectNode();
        json.put("quant_type", "nf4").put("blocksize", Nf4Codes.BLOCK).put("dtype", "float32");
        Arrays.stream(shape).forEach(json.putArray("shape")::add);
        if (offset != null) {
            json.put("nested_blocksize", DynamicCode.BLOCK)
                    .put("nested_dtype", "float32")
                    .put("nested_offset", offset);
        }
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(text, BYTES);
        Arrays.fill(padded, text.length, BYTES, (byte) ' ');
        return ByteBuffer.wrap(padded);
    }

    /**
     * Reads and checks the description of a weight.
     *
     * @param weight name of the weight, for messages
     * @param name name of the tensor that holds the description
     */
    static QuantState read(TensorSource source, String weight, String name) {
        String where = source.fileOf(name) + ": tensor " + Quoted.name(name);
        TensorInfo info = source.info(name);
        if (info.dtype() != TensorType.U8 || info.byteSize() > MAX_BYTES) {
            throw RunException.data(where + " is " + info + ", must be a JSON text in U8; the file is damaged");
        }
        ByteBuffer bytes = source.buffer(name);
        JsonNode json =
                JsonFiles.parseObject(StandardCharsets.UTF_8.decode(bytes).toString(), where);
        require(json, "quant_type", "nf4", where, weight);
        require(json, "blocksize", String.valueOf(Nf4Codes.BLOCK), where, weight);
        if (!json.hasNonNull("nested_offset")) {
            return new QuantState(shape(json, where), Optional.empty());
        }
        require(json, "nested_blocksize", String.valueOf(DynamicCode.BLOCK), where, weight);
        JsonNode offset = json.get("nested_offset");
        if (!offset.isNumber() || !Float.isFinite(offset.floatValue())) {
            throw RunException.data(where + ": nested_offset is " + Quoted.name(offset.toString())
                    + ", must be a number; the file is damaged");
        }
        return new QuantState(shape(json, where), Optional.of(offset.floatValue()));
    }

    private static void require(JsonNode json, String key, String expected, String where, String weight) {
        String value = json.path(key).asText("");
        if (!value.equals(expected)) {
            throw RunException.data(where + ": " + key + " of " + Quoted.name(weight) + " is " + Quoted.name(value)
                    + ", only " + expected + " is read: give the model in full precision");
        }
    }

    private static long[] shape(JsonNode json, String where) {
        JsonNode extents = json.path("shape");
        long[] shape = new long[extents.size()];
        boolean sound = extents.isArray() && shape.length > 0;
        long count = 1;
        for (int i = 0; i < shape.length && sound; i++) {
            shape[i] = extents.get(i).asLong();
            sound = extents.get(i).canConvertToLong() && shape[i] > 0 && shape[i] <= Long.MAX_VALUE / count;
            count *= sound ? shape[i] : 1;
        }
        if (!sound) {
            throw RunException.data(where + ": shape is " + Quoted.name(extents.toString())
                    + ", must be a list of positive numbers; the file is damaged");
        }
        return shape;
    }
}
