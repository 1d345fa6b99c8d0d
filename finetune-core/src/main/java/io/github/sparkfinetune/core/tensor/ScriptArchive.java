package io.github.sparkfinetune.core.tensor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Archive of a script, which PyTorch loads: a zip of stored entries with the code of one class {@code __torch__.Ops}, a
 * pickled instance with its attributes, and the operator version.
 */
final class ScriptArchive {
    /** Operator set of the script; older sets have older operators (no {@code gelu(approximate=…)}). */
    private static final String OPERATOR_VERSION = "10\n";

    private ScriptArchive() {}

    /**
     * Returns the archive of a script.
     *
     * @param code code of the class
     * @param types types of the class's attributes by name
     * @param attributes values of the attributes: Integer or Long, Float or Double, Boolean, String
     */
    static byte[] of(String code, Map<String, String> types, Map<String, Object> attributes) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "ops/data.pkl", instance(types, attributes));
            put(zip, "ops/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            put(zip, "ops/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            put(zip, "ops/version", OPERATOR_VERSION.getBytes(StandardCharsets.US_ASCII));
            put(zip, "ops/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    /** Returns the pickle, protocol 2, of {@code Ops(training=False, _is_full_backward_hook=None, …)}. */
    private static byte[] instance(Map<String, String> types, Map<String, Object> attributes) throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.write(new byte[] {(byte) 0x80, 2});
        pickle.write("c__torch__\nOps\n".getBytes(StandardCharsets.US_ASCII));
        pickle.write(new byte[] {')', (byte) 0x81, '}', '('});
        string(pickle, "training");
        pickle.write((byte) 0x89);
        string(pickle, "_is_full_backward_hook");
        pickle.write('N');
        for (Map.Entry<String, String> attribute : types.entrySet()) {
            string(pickle, attribute.getKey());
            value(pickle, attribute.getKey(), attribute.getValue(), attributes.get(attribute.getKey()));
        }
        pickle.write(new byte[] {'u', 'b', '.'});
        return pickle.toByteArray();
    }

    private static void value(ByteArrayOutputStream pickle, String name, String type, Object value) throws IOException {
        boolean integer = value instanceof Integer || value instanceof Long;
        boolean real = value instanceof Float || value instanceof Double;
        if (type.equals("int") && integer) {
            pickle.write('J');
            pickle.write(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(Math.toIntExact(((Number) value).longValue()))
                    .array());
        } else if (type.equals("float") && real) {
            pickle.write('G');
            pickle.write(ByteBuffer.allocate(Double.BYTES)
                    .putDouble(((Number) value).doubleValue())
                    .array());
        } else if (type.equals("bool") && value instanceof Boolean flag) {
            pickle.write(flag ? 0x88 : 0x89);
        } else if (type.equals("str") && value instanceof String text) {
            string(pickle, text);
        } else {
            throw new IllegalArgumentException("attribute " + name + " of the script is " + type + ", got " + value);
        }
    }

    private static void string(ByteArrayOutputStream pickle, String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        pickle.write('X');
        pickle.write(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(utf8.length)
                .array());
        pickle.write(utf8);
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
