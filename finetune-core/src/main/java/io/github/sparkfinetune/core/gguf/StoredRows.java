package io.github.sparkfinetune.core.gguf;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A tensor's rows in the order of a GGUF file, widened to F32. */
final class StoredRows implements GgufTensor.Rows {
    private final TensorData tensor;
    private final ByteBuffer bytes;
    private final boolean turned;
    private final int pairs;

    /**
     * Opens a tensor.
     *
     * @param tensor a vector or a matrix
     * @param turned whether a row there is a column here
     * @param pairs width of a head whose rotary pairs, rows i and i + width / 2, stand side by side there; 0 where rows
     *     keep their places. A vector's elements are its rows in this.
     */
    StoredRows(TensorData tensor, boolean turned, int pairs) {
        if (tensor.dtype() != TensorType.F32 && tensor.dtype() != TensorType.F16 && tensor.dtype() != TensorType.BF16) {
            throw RunException.data(
                    tensor.name() + " is of type " + tensor.dtype() + "; weights must be F32, F16 or BF16");
        }
        this.tensor = tensor;
        this.turned = turned;
        this.pairs = pairs;
        bytes = tensor.data().get().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void read(int row, float[] target) {
        long[] shape = tensor.shape();
        for (int i = 0; i < target.length; i++) {
            int at;
            if (shape.length == 1) {
                at = place(i);
            } else if (turned) {
                at = Math.toIntExact(i * shape[1] + row);
            } else {
                at = Math.toIntExact(place(row) * shape[1] + i);
            }
            target[i] = element(at);
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

    private float element(int at) {
        return switch (tensor.dtype()) {
            case F16 -> HalfFloat.fromF16(bytes.getShort(at * 2));
            case BF16 -> HalfFloat.fromBf16(bytes.getShort(at * 2));
            default -> bytes.getFloat(at * 4);
        };
    }
}
