package io.github.sparkfinetune.core.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Checked header of a safetensors file. Every tensor lies inside the file and has as many bytes as its type and shape
 * need. The tensors cover the data without overlaps or holes. Format: <a
 * href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>.
 *
 * @param metadata free text values, may be empty
 * @param tensors tensors by name, in the order of the data
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, TensorInfo> tensors) {
    /** Limit of the format. */
    static final int MAX_BYTES = 100_000_000;
    /** Size of the header's length, which is the first value of a file. */
    static final int LENGTH_BYTES = Long.BYTES;

    static final String METADATA = "__metadata__";

    private static final int MAX_RANK = 64;
    private static final JsonFactory JSON =
            JsonFactory.builder().build().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /**
     * Returns the length of the header.
     *
     * @param begin first bytes of the file
     * @param size size of the file
     * @throws RunException if the length is impossible in a file of this size
     */
    static int length(ByteBuffer begin, long size, String file) {
        if (size < LENGTH_BYTES) {
            throw RunException.data(file + ": " + size + " bytes are too few for a safetensors file; fetch it again");
        }
        long length = begin.order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        if (length < 0 || length > MAX_BYTES || length > size - LENGTH_BYTES) {
            throw RunException.data(file + ": the header claims " + Long.toUnsignedString(length)
                    + " bytes in a file of " + size + " (at most " + MAX_BYTES
                    + " are allowed); it is not a safetensors file or not complete, fetch it again");
        }
        return (int) length;
    }

    /**
     * Parses and checks a header.
     *
     * @param json bytes of the header
     * @param dataBytes number of bytes of the file after the header
     * @param file name of the file, for messages
     * @throws RunException if the header is not well-formed or does not fit the data
     */
    static SafetensorsHeader parse(ByteBuffer json, long dataBytes, String file) {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(json);
            try (JsonParser parser = JSON.createParser(text.array(), text.arrayOffset(), text.length())) {
                return new Reader(parser, dataBytes, file).read();
            }
        } catch (CharacterCodingException e) {
            throw RunException.data(file + ": the safetensors header is not UTF-8; the file is corrupt", e);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    file + ": the safetensors header is not well-formed JSON (" + oneLine(e) + "); the file is corrupt",
                    e);
        } catch (IOException e) {
            throw RunException.data(file + ": the safetensors header cannot be read; the file is corrupt", e);
        }
    }

    private static String oneLine(JsonProcessingException e) {
        return Quoted.name(String.valueOf(e.getOriginalMessage()));
    }

    /** One pass over the header's tokens. */
    private record Reader(JsonParser parser, long dataBytes, String file) {

        SafetensorsHeader read() throws IOException {
            Map<String, String> metadata = new LinkedHashMap<>();
            Map<String, TensorInfo> found = new LinkedHashMap<>();
            expect(parser.nextToken(), JsonToken.START_OBJECT, "the header");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (name.equals(METADATA)) {
                    readMetadata(metadata);
                } else {
                    found.put(name, readTensor(name));
                }
            }
            if (parser.nextToken() != null) {
                throw bad("the header has content after its end");
            }
            return new SafetensorsHeader(
                    Collections.unmodifiableMap(metadata), Collections.unmodifiableMap(inOrder(found)));
        }

        private void readMetadata(Map<String, String> metadata) throws IOException {
            expect(parser.nextToken(), JsonToken.START_OBJECT, METADATA);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                expect(parser.nextToken(), JsonToken.VALUE_STRING, METADATA + " " + Quoted.name(key));
                metadata.put(key, parser.getText());
            }
        }

        private TensorInfo readTensor(String name) throws IOException {
            String what = "tensor " + Quoted.name(name);
            String dtype = null;
            long[] shape = null;
            long[] offsets = null;
            expect(parser.nextToken(), JsonToken.START_OBJECT, what);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                switch (key) {
                    case "dtype" -> {
                        expect(parser.nextToken(), JsonToken.VALUE_STRING, what + ": dtype");
                        dtype = parser.getText();
                    }
                    case "shape" -> shape = readLongs(what + ": shape");
                    case "data_offsets" -> offsets = readLongs(what + ": data_offsets");
                    default -> throw bad(what + " has an unknown field " + Quoted.name(key));
                }
            }
            if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
                throw bad(what + " lacks dtype, shape or two data_offsets");
            }
            String named = Quoted.name(dtype);
            TensorType type = TensorType.named(dtype)
                    .orElseThrow(
                            () -> bad(what + " has type " + named + ", not one of " + List.of(TensorType.values())));
            TensorInfo info = new TensorInfo(type, shape, offsets[0], offsets[1]);
            check(what, info, shape);
            return info;
        }

        private void check(String what, TensorInfo info, long[] shape) {
            if (info.begin() < 0 || info.begin() > info.end()) {
                throw bad(what + ": data_offsets [" + info.begin() + ", " + info.end() + "] are not a range");
            }
            if (info.end() > dataBytes) {
                throw bad(what + " ends at byte " + info.end() + " of the data, which has only " + dataBytes);
            }
            long bytes;
            try {
                bytes = Math.multiplyExact(TensorInfo.count(shape), info.dtype().bytes());
            } catch (ArithmeticException e) {
                throw RunException.data(file + ": " + what + " has an impossible shape " + info, e);
            }
            if (bytes != info.byteSize()) {
                throw bad(what + " " + info + " needs " + bytes + " bytes, its data_offsets hold " + info.byteSize());
            }
        }

        private long[] readLongs(String what) throws IOException {
            expect(parser.nextToken(), JsonToken.START_ARRAY, what);
            List<Long> values = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
                if (values.size() == MAX_RANK) {
                    throw bad(what + " has more than " + MAX_RANK + " values");
                }
                values.add(parser.getLongValue());
            }
            return values.stream().mapToLong(Long::longValue).toArray();
        }

        private Map<String, TensorInfo> inOrder(Map<String, TensorInfo> found) {
            List<Map.Entry<String, TensorInfo>> entries = new ArrayList<>(found.entrySet());
            entries.sort(Map.Entry.comparingByValue(
                    Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end)));
            Map<String, TensorInfo> ordered = new LinkedHashMap<>();
            long at = 0;
            for (Map.Entry<String, TensorInfo> entry : entries) {
                if (entry.getValue().begin() != at) {
                    throw bad("tensor " + Quoted.name(entry.getKey()) + " begins at byte "
                            + entry.getValue().begin() + " of the data, the tensor before it ends at " + at);
                }
                at = entry.getValue().end();
                ordered.put(entry.getKey(), entry.getValue());
            }
            if (at != dataBytes) {
                throw bad("the tensors end at byte " + at + " of the data, which has " + dataBytes);
            }
            return ordered;
        }

        private void expect(JsonToken found, JsonToken expected, String what) {
            if (found != expected) {
                throw bad(what + " does not have the JSON type that the format requires (found "
                        + (found == null ? "the header's end" : found.name().toLowerCase(java.util.Locale.ROOT)) + ")");
            }
        }

        private RunException bad(String what) {
            return RunException.data(
                    file + ": " + what + "; the safetensors file is damaged or not complete, fetch it again");
        }
    }
}
