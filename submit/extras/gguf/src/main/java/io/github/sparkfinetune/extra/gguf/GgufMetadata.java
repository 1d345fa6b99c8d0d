package io.github.sparkfinetune.extra.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Metadata of a GGUF file: pairs of keys and values.
 *
 * <ul>
 *   <li>A text is the number of its bytes in UTF-8, in 8 bytes, followed by these bytes.
 *   <li>A pair is the key's text, 4 bytes with the value's type, and the value.
 *   <li>A list is 4 bytes with the type of its elements, 8 bytes with their number, and the elements.
 * </ul>
 */
final class GgufMetadata {
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Set<String> keys = new HashSet<>();

    void text(String key, String value) {
        key(key, STRING);
        bytes.writeBytes(text(value));
    }

    /** Adds an unsigned number of 32 bits. */
    void number(String key, int value) {
        key(key, UINT32);
        bytes.writeBytes(little(Integer.BYTES).putInt(value).array());
    }

    void real(String key, double value) {
        key(key, FLOAT32);
        bytes.writeBytes(little(Float.BYTES).putFloat((float) value).array());
    }

    void flag(String key, boolean value) {
        key(key, BOOL);
        bytes.write(value ? 1 : 0);
    }

    void texts(String key, List<String> values) {
        array(key, STRING, values.size());
        values.forEach(value -> bytes.writeBytes(text(value)));
    }

    void integers(String key, int[] values) {
        array(key, INT32, values.length);
        byte[] all = new byte[values.length * Integer.BYTES];
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(values);
        bytes.writeBytes(all);
    }

    void reals(String key, float[] values) {
        array(key, FLOAT32, values.length);
        byte[] all = new byte[values.length * Float.BYTES];
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        bytes.writeBytes(all);
    }

    /** Returns the number of pairs. */
    int size() {
        return keys.size();
    }

    /** Returns the encoded pairs. */
    byte[] toBytes() {
        return bytes.toByteArray();
    }

    private void array(String key, int type, int length) {
        key(key, ARRAY);
        bytes.writeBytes(
                little(Integer.BYTES + Long.BYTES).putInt(type).putLong(length).array());
    }

    private void key(String key, int type) {
        if (!keys.add(key)) {
            throw new IllegalArgumentException(key + " is set twice");
        }
        bytes.writeBytes(text(key));
        bytes.writeBytes(little(Integer.BYTES).putInt(type).array());
    }

    /** Returns a text with its length. */
    static byte[] text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return little(Long.BYTES + utf8.length).putLong(utf8.length).put(utf8).array();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
