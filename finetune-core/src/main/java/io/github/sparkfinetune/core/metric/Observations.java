package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/** A growing array of numbers. */
final class Observations {
    private double[] values;
    private int size;

    Observations() {
        this(new double[0]);
    }

    Observations(double[] values) {
        this.values = values.clone();
        this.size = values.length;
    }

    void add(double... added) {
        if (added.length > values.length - size) {
            int needed = Math.addExact(size, added.length);
            values = Arrays.copyOf(values, (int) Math.min(Math.max(needed, 2L * size), Integer.MAX_VALUE - 8));
        }
        System.arraycopy(added, 0, values, size, added.length);
        size += added.length;
    }

    int size() {
        return size;
    }

    double[] toArray() {
        return Arrays.copyOf(values, size);
    }

    /** Returns every {@code step}-th number from index {@code first} on. */
    double[] column(int first, int step) {
        double[] column = new double[size / step];
        for (int i = 0; i < column.length; i++) {
            column[i] = values[first + i * step];
        }
        return column;
    }
}
