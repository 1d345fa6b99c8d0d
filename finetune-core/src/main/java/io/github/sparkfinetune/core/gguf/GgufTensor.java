package io.github.sparkfinetune.core.gguf;

import java.util.Objects;

/**
 * A tensor of a file.
 *
 * @param name GGUF's name
 * @param type how it is stored
 * @param rows number of its rows, or 0 where it is one row without this dimension
 * @param columns elements of a row
 * @param values gives its numbers
 */
record GgufTensor(String name, GgufType type, int rows, int columns, Values values) {

    /** Gives a tensor's numbers. */
    @FunctionalInterface
    interface Values {
        /** Opens them, when the tensor is written: only one tensor is in memory at a time. */
        Rows open();
    }

    /** An opened tensor. */
    @FunctionalInterface
    interface Rows {
        /** Copies a row, as wide as the tensor. */
        void read(int row, float[] target);
    }

    GgufTensor {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(values, "values");
        if (!type.fits(columns)) {
            throw new IllegalArgumentException(name + " has rows of " + columns + ", which are no blocks of " + type);
        }
    }

    /** Number of elements. */
    long count() {
        return (long) Math.max(1, rows) * columns;
    }

    /** Number of bytes. */
    long bytes() {
        return type.bytes(count());
    }
}
