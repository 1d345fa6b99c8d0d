package io.github.sparkfinetune.core.shard;

import java.util.Arrays;

/**
 * Values of some rows of a matrix that belong to a share of the matrix. Among the values of the rows, one row after the
 * other, they are consecutive, because rows and shares are in the order of the matrix.
 *
 * @param from index of the first value among the values of the rows
 * @param to index after the last value
 */
public record RowRange(long from, long to) {
    /**
     * Returns the values that belong to a share.
     *
     * @param ids indices of the rows, in ascending order, each once
     * @param width number of values of a row
     * @param from index in the matrix of the share's first value, row-major
     * @param to index after the share's last value
     */
    public static RowRange of(int[] ids, long width, long from, long to) {
        return new RowRange(before(ids, width, from), before(ids, width, to));
    }

    /** Returns the number of the rows' values before a value of the matrix. */
    private static long before(int[] ids, long width, long value) {
        int row = Math.toIntExact(value / width);
        int index = Arrays.binarySearch(ids, row);
        return index < 0 ? (-index - 1) * width : index * width + value % width;
    }
}
