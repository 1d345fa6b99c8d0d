package io.github.sparkfinetune.core.gguf;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.FloatBuffer;

/** A tensor's rows in the order of a GGUF file, widened to F32. Some rows side by side are in memory at a time. */
final class StoredRows implements GgufTensor.Rows {
    private final TensorParts.Values values;
    private final boolean vector;
    private final boolean turned;
    private final int pairs;
    private final int rows;
    private final int columns;
    private final int together;
    private final float[] held;
    private int first = -1;

    /**
     * Opens a tensor.
     *
     * @param tensor a vector or a matrix
     * @param turned whether a row there is a column here
     * @param pairs width of a head whose rotary pairs, rows i and i + width / 2, stand side by side there; 0 where rows
     *     keep their places. A vector's elements are its rows in this.
     */
    StoredRows(TensorData tensor, boolean turned, int pairs) {
        if (!tensor.dtype().isFloat()) {
            throw RunException.data(
                    tensor.name() + " is of type " + tensor.dtype() + "; weights must be F32, F16 or BF16");
        }
        long[] shape = tensor.shape();
        this.vector = shape.length == 1;
        this.values = tensor.values();
        this.turned = turned && !vector;
        this.pairs = pairs;
        this.rows = Math.toIntExact(this.turned ? shape[1] : shape[0]);
        this.columns = vector ? 1 : Math.toIntExact(this.turned ? shape[0] : shape[1]);
        int unit = Math.max(1, pairs);
        int units = Math.max(1, TensorParts.bytes() / Float.BYTES / columns / unit);
        this.together = vector ? rows : Math.min(rows, units * unit);
        this.held = new float[Math.multiplyExact(together, columns)];
    }

    @Override
    public void read(int row, float[] target) {
        if (vector) {
            hold(0);
            for (int i = 0; i < target.length; i++) {
                target[i] = held[place(i)];
            }
            return;
        }
        int place = place(row);
        hold(place / together * together);
        System.arraycopy(held, (place - first) * columns, target, 0, columns);
    }

    /** Sees to it that rows from a number on are in memory. */
    private void hold(int begin) {
        if (first == begin) {
            return;
        }
        first = begin;
        int count = Math.min(together, rows - begin);
        if (!turned) {
            values.read((long) begin * columns, FloatBuffer.wrap(held, 0, count * columns));
            return;
        }
        int most = Math.max(1, TensorParts.bytes() / Float.BYTES / rows);
        float[] stored = new float[Math.min(columns, most) * rows];
        for (int column = 0; column < columns; column += most) {
            int some = Math.min(most, columns - column);
            values.read((long) column * rows, FloatBuffer.wrap(stored, 0, some * rows));
            for (int i = 0; i < some; i++) {
                for (int row = 0; row < count; row++) {
                    held[row * columns + column + i] = stored[i * rows + begin + row];
                }
            }
        }
    }

    /** Where a row lies here. */
    private int place(int row) {
        if (pairs == 0) {
            return row;
        }
        int inHead = row % pairs;
        return row - inHead + inHead / 2 + inHead % 2 * (pairs / 2);
    }
}
