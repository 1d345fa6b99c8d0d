package io.github.sparkfinetune.core.quant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.JsonFiles;
import io.github.sparkfinetune.data.hf.Quoted;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * What bitsandbytes writes about a weight: a JSON object with {@code "quant_type": "nf4"}, {@code "blocksize": 64},
 * {@code "shape"}, the weight's extents, and with double quantization {@code "nested_blocksize": 256} and
 * {@code "nested_offset"}. Other fields are not looked at.
 *
 * @param shape of the weight
 * @param nestedOffset mean of the absmax, or empty without double quantization
 */
record QuantState(long[] shape, Optional<Float> nestedOffset) {
    /** Bytes of what {@link #write} gives; the JSON is followed by blanks. */
    static final int BYTES = 256;

    private static final int MAX_BYTES = 1 << 16;

    /**
     * The JSON of a matrix.
     *
     * @param offset null without double quantization
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
     * Reads and checks it.
     *
     * @param weight whose state it is, for messages
     * @param name of the tensor that holds it
     */
    static QuantState read(TensorSource source, String weight, String name) {
        String place = source.fileOf(name) + ": tensor " + Quoted.name(name);
        TensorInfo info = source.info(name);
        if (info.dtype() != TensorType.U8 || info.byteSize() > MAX_BYTES) {
            throw RunException.data(place + " is " + info + ", must be a JSON text in U8; the file is damaged");
        }
        ByteBuffer bytes = source.buffer(name);
        JsonNode json =
                JsonFiles.parseObject(StandardCharsets.UTF_8.decode(bytes).toString(), place);
        require(json, "quant_type", "nf4", place, weight);
        require(json, "blocksize", String.valueOf(Nf4Codes.BLOCK), place, weight);
        if (!json.hasNonNull("nested_offset")) {
            return new QuantState(shape(json, place), Optional.empty());
        }
        require(json, "nested_blocksize", String.valueOf(DynamicCode.BLOCK), place, weight);
        JsonNode offset = json.get("nested_offset");
        if (!offset.isNumber() || !Float.isFinite(offset.floatValue())) {
            throw RunException.data(place + ": nested_offset is " + Quoted.name(offset.toString())
                    + ", must be a number; the file is damaged");
        }
        return new QuantState(shape(json, place), Optional.of(offset.floatValue()));
    }

    private static void require(JsonNode json, String key, String wanted, String place, String weight) {
        String value = json.path(key).asText("");
        if (!value.equals(wanted)) {
            throw RunException.data(place + ": " + key + " of " + Quoted.name(weight) + " is " + Quoted.name(value)
                    + ", only " + wanted + " is read: give the model in full precision");
        }
    }

    private static long[] shape(JsonNode json, String place) {
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
            throw RunException.data(place + ": shape is " + Quoted.name(extents.toString())
                    + ", must be a list of positive numbers; the file is damaged");
        }
        return shape;
    }
}
