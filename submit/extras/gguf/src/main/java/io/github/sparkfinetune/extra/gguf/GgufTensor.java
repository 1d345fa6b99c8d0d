package io.github.sparkfinetune.extra.gguf;

import java.util.Objects;

/**
 * A tensor of a GGUF file.
 *
 * @param name GGUF's name
 * @param type type in which the tensor is stored
 * @param rows number of rows, or 0 for a single row without this dimension
 * @param columns number of elements of a row
 * @param values source of the tensor's numbers
 */
record GgufTensor(String name, GgufType type, int rows, int columns, Values values) {

    /** Source of a tensor's numbers. */
    @FunctionalInterface
    interface Values {
        /** Opens the tensor when it is written, so that only one tensor is in memory at a time. */
        Rows open();
    }

    /** An opened tensor. */
    @FunctionalInterface
    interface Rows {
        /** Copies a whole row. */
        void read(int row, float[] target);
    }

    GgufTensor {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(values, "values");
        if (!type.fits(columns)) {
            throw new IllegalArgumentException(
                    name + " has rows of " + columns + ", which is not a multiple of a block of " + type);
        }
    }

    /** Returns the number of elements. */
    long count() {
        return (long) Math.max(1, rows) * columns;
    }

    /** Returns the number of bytes. */
    long bytes() {
        return type.bytes(count());
    }
}
