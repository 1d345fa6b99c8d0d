package io.github.sparkfinetune.core.rank;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Vectors of texts, divided by their Euclidean norms, so that the cosine of two vectors is their product.
 *
 * @param ids id of each text
 * @param values elements of each vector, one vector after the other
 * @param width number of elements of a vector
 */
public record UnitVectors(long[] ids, float[] values, int width) implements Serializable {
    /** Lower bound of a norm, as in {@code torch.nn.functional.normalize}. */
    private static final double LEAST_NORM = 1e-12;

    public UnitVectors {
        if (values.length != ids.length * width) {
            throw new IllegalArgumentException(
                    ids.length + " vectors of " + width + " in " + values.length + " values");
        }
    }

    /** Returns vectors divided by their norms. */
    public static UnitVectors of(long[] ids, float[][] vectors) {
        int width = vectors.length == 0 ? 0 : vectors[0].length;
        float[] values = new float[vectors.length * width];
        for (int i = 0; i < vectors.length; i++) {
            System.arraycopy(unit(vectors[i]), 0, values, i * width, width);
        }
        return new UnitVectors(ids.clone(), values, width);
    }

    /** Returns a vector divided by its Euclidean norm. */
    public static float[] unit(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        double norm = Math.max(Math.sqrt(squares), LEAST_NORM);
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (vector[i] / norm);
        }
        return unit;
    }

    /** Returns the number of vectors. */
    public int size() {
        return ids.length;
    }

    /** Returns one of the vectors. */
    public float[] vector(int index) {
        return Arrays.copyOfRange(values, index * width, (index + 1) * width);
    }

    /** Returns the product of two vectors, with the bits of {@link Block#products}. */
    public static float product(float[] a, float[] b) {
        float sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += a[k] * b[k];
        }
        return sum;
    }

    /**
     * Vectors by element, for products of many vectors at once.
     *
     * @param columns elements [width][vectors]
     */
    public record Block(float[][] columns, int size) {
        /** Returns some of the vectors as a block. */
        public static Block of(UnitVectors vectors, int from, int to) {
            float[][] columns = new float[vectors.width()][to - from];
            for (int i = from; i < to; i++) {
                for (int k = 0; k < columns.length; k++) {
                    columns[k][i - from] = vectors.values()[i * vectors.width() + k];
                }
            }
            return new Block(columns, to - from);
        }

        /** Sets the products of a vector with the vectors of the block. */
        public void products(float[] vector, float[] products) {
            Arrays.fill(products, 0, size, 0);
            for (int k = 0; k < columns.length; k++) {
                float factor = vector[k];
                float[] column = columns[k];
                // The loop over vectors is inside, because the compiler then computes several at once.
                for (int i = 0; i < size; i++) {
                    products[i] += factor * column[i];
                }
            }
        }
    }
}
