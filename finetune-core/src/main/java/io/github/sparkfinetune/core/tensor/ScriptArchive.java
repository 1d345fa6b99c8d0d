package io.github.sparkfinetune.core.tensor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Turns TorchScript text into the archive that PyTorch loads: a zip of stored entries with the code of one class
 * {@code __torch__.Ops}, a pickle of an instance of it without attributes, and the operator version.
 */
final class ScriptArchive {
    /** Operator set of the text; older ones select older operators (no {@code gelu(approximate=…)}). */
    private static final String OPERATOR_VERSION = "10\n";

    private static final String CLASS_HEAD = """
            class Ops(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              _is_full_backward_hook : Optional[bool]
            """;

    private ScriptArchive() {}

    /** @param methods texts of methods, each indented by two blanks, of the one class {@code Ops} */
    static byte[] of(Iterable<String> methods) {
        StringBuilder code = new StringBuilder(CLASS_HEAD);
        methods.forEach(code::append);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "ops/data.pkl", instance());
            put(zip, "ops/code/__torch__.py", code.toString().getBytes(StandardCharsets.UTF_8));
            put(zip, "ops/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            put(zip, "ops/version", OPERATOR_VERSION.getBytes(StandardCharsets.US_ASCII));
            put(zip, "ops/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }

    /** Pickle, protocol 2, of {@code Ops(training=False, _is_full_backward_hook=None)}. */
    private static byte[] instance() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.write(new byte[] {(byte) 0x80, 2});
        pickle.write("c__torch__\nOps\n".getBytes(StandardCharsets.US_ASCII));
        pickle.write(new byte[] {')', (byte) 0x81, '}', '('});
        string(pickle, "training");
        pickle.write((byte) 0x89);
        string(pickle, "_is_full_backward_hook");
        pickle.write(new byte[] {'N', 'u', 'b', '.'});
        return pickle.toByteArray();
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
