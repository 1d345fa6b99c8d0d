package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;

/**
 * A linear's weight with its adapter merged: {@code W + scaling · B A}. With DoRA each row is {@code magnitude / ‖W +
 * scaling · B A‖ · (W + scaling · B A)}, with the norm over a row (source: {@code Linear.merge} in
 * {@code peft/tuners/lora/layer.py}, {@code DoraLinearVariant} in {@code variants.py}). GPT-2's weight is the
 * transpose. Sums are in double precision. Values are computed when they are read, in whole rows of the stored matrix.
 */
public final class LoraMerge implements TensorParts.Values {
    private final LoraModule module;
    private final TensorParts.Values base;
    /** The stored matrix is [rows, columns]; scaling · left right is added to it, of [rows, r] and [r, columns]. */
    private final int rows;

    private final int columns;
    private final float[] left;
    private final float[] right;
    private final FloatBuffer magnitude;
    /** Whole rows, if only some of their values are requested. */
    private FloatBuffer scratch;
    /** DoRA's factors of the stored matrix's columns, once computed. */
    private float[] ofColumns;

    /**
     * Merges an adapter on demand.
     *
     * @param base the linear's weight as it is stored, [out, in] or GPT-2's [in, out]
     * @param a A of shape [r, in], from the buffer's position
     * @param b B of shape [out, r], from the buffer's position
     * @param magnitude magnitude of shape [out], from the buffer's position; null without DoRA
     */
    public LoraMerge(LoraModule module, TensorParts.Values base, FloatBuffer a, FloatBuffer b, FloatBuffer magnitude) {
        boolean transposed = module.module().conv1d();
        int in = module.module().in();
        int out = module.module().out();
        int r = module.r();
        this.module = module;
        this.base = base;
        this.rows = transposed ? in : out;
        this.columns = transposed ? out : in;
        this.left = transposed ? transpose(a, r, in) : values(b, out * r);
        this.right = transposed ? transpose(b, out, r) : values(a, r * in);
        this.magnitude = magnitude;
    }

    /**
     * Changes a whole weight in place.
     *
     * @param weight weight as it is stored, from the buffer's position to its limit, which do not move
     */
    public static void merge(
            LoraModule module, FloatBuffer weight, FloatBuffer a, FloatBuffer b, FloatBuffer magnitude) {
        TensorParts.Values itself = (from, target) ->
                target.put(target.position(), weight, weight.position() + (int) from, target.remaining());
        new LoraMerge(module, itself, a, b, magnitude).read(0, weight);
    }

    @Override
    public void read(long from, FloatBuffer target) {
        int first = (int) (from / columns);
        int past = (int) ((from + target.remaining() + columns - 1) / columns);
        int skipped = (int) (from - (long) first * columns);
        boolean whole = skipped == 0 && target.remaining() == (past - first) * columns;
        FloatBuffer values = whole ? target : scratch(past - first);
        boolean scalesColumns = module.dora() && module.module().conv1d();
        // The target may be the base itself, so the factors are computed before anything changes.
        float[] factors = scalesColumns ? factorsOfColumns() : null;
        base.read((long) first * columns, values);
        add(first, values);
        if (scalesColumns) {
            scaleColumns(values, factors);
        } else if (module.dora()) {
            scaleRows(first, values);
        }
        if (!whole) {
            target.put(target.position(), values, skipped, target.remaining());
        }
    }

    private FloatBuffer scratch(int count) {
        if (scratch == null || scratch.capacity() < count * columns) {
            scratch = allocate(count);
        }
        return scratch.clear().limit(count * columns);
    }

    private FloatBuffer allocate(int count) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(count * columns, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    private void add(int first, FloatBuffer values) {
        int r = module.r();
        eachRow(values, (row, at) -> {
            double[] sum = new double[columns];
            for (int k = 0; k < r; k++) {
                double factor = module.scaling() * left[(first + row) * r + k];
                for (int column = 0; column < columns; column++) {
                    sum[column] += factor * right[k * columns + column];
                }
            }
            for (int column = 0; column < columns; column++) {
                values.put(at + column, (float) (values.get(at + column) + sum[column]));
            }
        });
    }

    private interface Row {
        /** Visits a row whose values begin at {@code at}. */
        void take(int row, int at);
    }

    private void eachRow(FloatBuffer values, Row visitor) {
        int begin = values.position();
        IntStream.range(0, values.remaining() / columns)
                .parallel()
                .forEach(row -> visitor.take(row, begin + row * columns));
    }

    private void scaleColumns(FloatBuffer values, float[] factors) {
        eachRow(values, (row, at) -> {
            for (int column = 0; column < columns; column++) {
                values.put(at + column, values.get(at + column) * factors[column]);
            }
        });
    }

    private void scaleRows(int first, FloatBuffer values) {
        eachRow(values, (row, at) -> {
            double squares = 0;
            for (int column = 0; column < columns; column++) {
                double value = values.get(at + column);
                squares += value * value;
            }
            float factor = factor(first + row, squares);
            for (int column = 0; column < columns; column++) {
                values.put(at + column, values.get(at + column) * factor);
            }
        });
    }

    /** Returns the factors of the outputs, which are columns here. Their lengths need one pass over all rows. */
    private float[] factorsOfColumns() {
        if (ofColumns != null) {
            return ofColumns;
        }
        double[] squares = new double[columns];
        int rowsAtOnce = Math.max(1, TensorParts.bytes() / Float.BYTES / columns);
        for (int first = 0; first < rows; first += rowsAtOnce) {
            FloatBuffer values = allocate(Math.min(rowsAtOnce, rows - first));
            base.read((long) first * columns, values);
            add(first, values);
            for (int i = 0; i < values.limit(); i++) {
                double value = values.get(i);
                squares[i % columns] += value * value;
            }
        }
        ofColumns = new float[columns];
        for (int column = 0; column < columns; column++) {
            ofColumns[column] = factor(column, squares[column]);
        }
        return ofColumns;
    }

    private float factor(int output, double squares) {
        float length = (float) Math.sqrt(squares);
        // A row of zeros has no direction and stays as it is.
        return length == 0 ? 0 : magnitude.get(magnitude.position() + output) / length;
    }

    private static float[] values(FloatBuffer source, int count) {
        float[] values = new float[count];
        source.get(source.position(), values);
        return values;
    }

    private static float[] transpose(FloatBuffer source, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[column * rows + row] = source.get(source.position() + row * columns + column);
            }
        }
        return values;
    }
}
