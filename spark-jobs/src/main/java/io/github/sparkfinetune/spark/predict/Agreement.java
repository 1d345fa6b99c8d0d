package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.RowType;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Agreement of predictions in 8 bits with those in F32.
 *
 * @param rows number of compared rows
 * @param equal number of rows whose texts and labels are equal
 * @param largest largest difference of two numbers of a row, such as scores and losses
 */
public record Agreement(long rows, long equal, double largest) implements Serializable {

    static Agreement of(RowType<?> type, Iterator<?> rows, Iterator<?> expected) {
        Agreement agreement = new Agreement(0, 0, 0);
        while (rows.hasNext()) {
            agreement = agreement.and(type.columns(), rows.next(), expected.next());
        }
        return agreement;
    }

    private Agreement and(List<Column> columns, Object row, Object expected) {
        boolean same = true;
        double difference = largest;
        for (Column column : columns) {
            Object value = column.of(row);
            Object other = column.of(expected);
            double[] numbers = numbers(value);
            double[] others = numbers(other);
            if (numbers.length == 0 || numbers.length != others.length) {
                same &= Objects.deepEquals(value, other);
                continue;
            }
            for (int j = 0; j < numbers.length; j++) {
                difference = Math.max(difference, Math.abs(numbers[j] - others[j]));
            }
        }
        return new Agreement(rows + 1, equal + (same ? 1 : 0), difference);
    }

    /** Returns the numbers of a value; none for a value of another type. */
    private static double[] numbers(Object value) {
        if (value instanceof Double number) {
            return new double[] {number};
        }
        return value instanceof double[] numbers ? numbers : new double[0];
    }

    /** Returns the agreement in words. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "of the first %,d rows %,d (%.1f %%) are predicted as in fp32; numbers differ by at most %.2g",
                rows,
                equal,
                100.0 * equal / Math.max(1, rows),
                largest);
    }
}
