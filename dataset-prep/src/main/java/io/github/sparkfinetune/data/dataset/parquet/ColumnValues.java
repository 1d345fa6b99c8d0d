package io.github.sparkfinetune.data.dataset.parquet;

import java.util.Arrays;
import org.apache.parquet.column.ColumnReader;

/** Values that the rows of a row group have in a column. */
final class ColumnValues {
    private ColumnValues() {}

    /**
     * Reads a column.
     *
     * @return an Integer, int[], double[] or String for each row, as {@code values} says
     */
    static Object[] read(ColumnReader column, SampleSchema.Values values, int rows) {
        Object[] all = new Object[rows];
        for (int row = 0; row < rows; row++) {
            all[row] = switch (values) {
                case INT -> {
                    int value = column.getInteger();
                    column.consume();
                    yield value;
                }
                case STRING -> {
                    String value = column.getBinary().toStringUsingUTF8();
                    column.consume();
                    yield value;
                }
                case INTS -> ints(column);
                case DOUBLES -> doubles(column);
            };
        }
        return all;
    }

    private static int[] ints(ColumnReader column) {
        int[] list = new int[isEmpty(column) ? 0 : 16];
        int size = 0;
        do {
            if (list.length > 0) {
                list = size == list.length ? Arrays.copyOf(list, 2 * size) : list;
                list[size++] = column.getInteger();
            }
            column.consume();
            // Repetition level 0 begins the next row; the reader also reports it at the end of the column.
        } while (column.getCurrentRepetitionLevel() > 0);
        return Arrays.copyOf(list, size);
    }

    private static double[] doubles(ColumnReader column) {
        double[] list = new double[isEmpty(column) ? 0 : 16];
        int size = 0;
        do {
            if (list.length > 0) {
                list = size == list.length ? Arrays.copyOf(list, 2 * size) : list;
                list[size++] = column.getDouble();
            }
            column.consume();
        } while (column.getCurrentRepetitionLevel() > 0);
        return Arrays.copyOf(list, size);
    }

    private static boolean isEmpty(ColumnReader column) {
        return column.getCurrentDefinitionLevel() < column.getDescriptor().getMaxDefinitionLevel();
    }
}
