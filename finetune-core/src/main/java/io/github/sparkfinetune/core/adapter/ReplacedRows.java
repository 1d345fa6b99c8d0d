package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.safetensors.TensorBytes;
import io.github.sparkfinetune.core.safetensors.TensorData;
import java.nio.ByteBuffer;
import java.util.List;

/** A matrix in which rows of another tensor replace some rows. */
final class ReplacedRows implements TensorBytes {
    private final TensorBytes matrix;
    private final ByteBuffer rows;
    private final List<Integer> replaced;
    private final int rowBytes;

    /**
     * Replaces rows of a matrix.
     *
     * @param rows new rows, in the matrix' type
     * @param replaced indices of the replaced rows in the matrix
     */
    ReplacedRows(TensorData matrix, TensorData rows, List<Integer> replaced) {
        this.matrix = matrix.data().get();
        this.rows = rows.data().get().read(0, Math.toIntExact(rows.byteSize()));
        this.replaced = replaced;
        this.rowBytes = Math.toIntExact(matrix.shape()[1] * matrix.dtype().bytes());
    }

    @Override
    public ByteBuffer read(long from, int length) {
        ByteBuffer read = matrix.read(from, length);
        ByteBuffer changed = null;
        for (int i = 0; i < replaced.size(); i++) {
            long row = (long) replaced.get(i) * rowBytes;
            long begin = Math.max(from, row);
            int count = (int) (Math.min(from + length, row + rowBytes) - begin);
            if (count > 0) {
                changed = changed == null ? copy(read) : changed;
                int inRows = rows.position() + i * rowBytes + (int) (begin - row);
                changed.put((int) (begin - from), rows, inRows, count);
            }
        }
        return changed == null ? read : changed;
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    }
}
