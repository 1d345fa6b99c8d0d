package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.FiniteWeights;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writer of GGUF files, version 3. All numbers are little-endian. A file consists of:
 *
 * <ol>
 *   <li>{@code GGUF}, 4 bytes with the version, 8 bytes with the number of tensors, 8 bytes with the number of pairs of
 *       metadata.
 *   <li>The metadata, in the format of {@link GgufMetadata}.
 *   <li>For each tensor, its name as a text of the metadata; 4 bytes with the number of dimensions; 8 bytes with each
 *       dimension, the innermost first; 4 bytes with {@link GgufType#id()}; 8 bytes with its offset from the first
 *       tensor.
 *   <li>The tensors' rows, in the format of {@link BlockEncoder}. Each tensor begins at a multiple of 32 bytes and is
 *       padded with zeros.
 * </ol>
 *
 * <p>Source: <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">ggml/docs/gguf.md</a>.
 */
final class GgufWriter {
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    /** Bytes of one write; a longer row is written at once. */
    private static final int CHUNK = 1 << 20;

    private GgufWriter() {}

    /**
     * Writes one file in one pass. The stream is left open.
     *
     * @throws RunException if a tensor has a number that is not finite, or that its type cannot hold
     */
    static void write(OutputStream out, GgufMetadata metadata, List<GgufTensor> tensors) throws IOException {
        byte[] pairs = metadata.toBytes();
        out.write(ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("GGUF".getBytes(StandardCharsets.US_ASCII))
                .putInt(VERSION)
                .putLong(tensors.size())
                .putLong(metadata.size())
                .array());
        out.write(pairs);
        long length = 24L + pairs.length;
        long begin = 0;
        for (GgufTensor tensor : tensors) {
            byte[] info = info(tensor, begin);
            out.write(info);
            length += info.length;
            begin += tensor.bytes() + padding(tensor.bytes());
        }
        out.write(new byte[padding(length)]);
        for (GgufTensor tensor : tensors) {
            rows(out, tensor);
            out.write(new byte[padding(tensor.bytes())]);
        }
    }

    private static byte[] info(GgufTensor tensor, long begin) {
        byte[] name = GgufMetadata.text(tensor.name());
        ByteBuffer info = ByteBuffer.allocate(name.length + 32).order(ByteOrder.LITTLE_ENDIAN);
        info.put(name).putInt(tensor.rows() == 0 ? 1 : 2).putLong(tensor.columns());
        if (tensor.rows() > 0) {
            info.putLong(tensor.rows());
        }
        info.putInt(tensor.type().id()).putLong(begin);
        byte[] bytes = new byte[info.position()];
        info.flip().get(bytes);
        return bytes;
    }

    private static void rows(OutputStream out, GgufTensor tensor) throws IOException {
        GgufTensor.Rows rows = tensor.values().open();
        float[] row = new float[tensor.columns()];
        int rowBytes = Math.toIntExact(tensor.type().bytes(tensor.columns()));
        byte[] bytes = new byte[Math.max(rowBytes, CHUNK)];
        ByteBuffer chunk = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < Math.max(1, tensor.rows()); i++) {
            rows.read(i, row);
            for (int j = 0; j < row.length; j++) {
                if (!Float.isFinite(row[j])) {
                    throw FiniteWeights.notFinite(tensor.name(), row[j], (long) i * row.length + j);
                }
            }
            if (chunk.remaining() < rowBytes) {
                out.write(bytes, 0, chunk.position());
                chunk.clear();
            }
            if (!BlockEncoder.encode(tensor.type(), row, chunk)) {
                throw RunException.data("--type: " + tensor.name() + " has numbers above 65504 in row " + i + ", which "
                        + tensor.type() + " cannot hold: use BF16 or F32");
            }
        }
        out.write(bytes, 0, chunk.position());
    }

    private static int padding(long length) {
        return (int) (-length & (ALIGNMENT - 1));
    }
}
