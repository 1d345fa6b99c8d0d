package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.FloatBuffer;

/** Rows of a tensor in the order of a GGUF file, widened to F32. Only some adjacent rows are in memory at a time. */
final class StoredRows implements GgufTensor.Rows {
    private final TensorParts.Values values;
    private final boolean vector;
    private final boolean transposed;
    private final int pairs;
    private final int rows;
    private final int columns;
    private final int rowsAtOnce;
    private final float[] loaded;
    private int first = -1;

    /**
     * Opens a tensor.
     *
     * @param tensor a vector or a matrix
     * @param transposed whether a row of the file is a column of the tensor
     * @param pairs width of a head whose rotary pairs, rows i and i + width / 2, are adjacent in the file; 0 if rows
     *     keep their order. The elements of a vector count as rows.
     */
    StoredRows(TensorData tensor, boolean transposed, int pairs) {
        if (!tensor.dtype().isFloat()) {
            throw RunException.data(
                    tensor.name() + " is of type " + tensor.dtype() + "; weights must be F32, F16 or BF16");
        }
        long[] shape = tensor.shape();
        this.vector = shape.length == 1;
        this.values = tensor.values();
        this.transposed = transposed && !vector;
        this.pairs = pairs;
        this.rows = Math.toIntExact(this.transposed ? shape[1] : shape[0]);
        this.columns = vector ? 1 : Math.toIntExact(this.transposed ? shape[0] : shape[1]);
        int unit = Math.max(1, pairs);
        int units = Math.max(1, TensorParts.bytes() / Float.BYTES / columns / unit);
        this.rowsAtOnce = vector ? rows : Math.min(rows, units * unit);
        this.loaded = new float[Math.multiplyExact(rowsAtOnce, columns)];
    }

    @Override
    public void read(int row, float[] target) {
        if (vector) {
            load(0);
            for (int i = 0; i < target.length; i++) {
                target[i] = loaded[storedRow(i)];
            }
            return;
        }
        int stored = storedRow(row);
        load(stored / rowsAtOnce * rowsAtOnce);
        System.arraycopy(loaded, (stored - first) * columns, target, 0, columns);
    }

    /** Reads rows from an index on, unless they are in memory. */
    private void load(int begin) {
        if (first == begin) {
            return;
        }
        first = begin;
        int count = Math.min(rowsAtOnce, rows - begin);
        if (!transposed) {
            values.read((long) begin * columns, FloatBuffer.wrap(loaded, 0, count * columns));
            return;
        }
        int most = Math.max(1, TensorParts.bytes() / Float.BYTES / rows);
        float[] stored = new float[Math.min(columns, most) * rows];
        for (int column = 0; column < columns; column += most) {
            int some = Math.min(most, columns - column);
            values.read((long) column * rows, FloatBuffer.wrap(stored, 0, some * rows));
            for (int i = 0; i < some; i++) {
                for (int row = 0; row < count; row++) {
                    loaded[row * columns + column + i] = stored[i * rows + begin + row];
                }
            }
        }
    }

    /** Returns the index of a file's row in the tensor. */
    private int storedRow(int row) {
        if (pairs == 0) {
            return row;
        }
        int inHead = row % pairs;
        return row - inHead + inHead / 2 + inHead % 2 * (pairs / 2);
    }
}
