package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function2;
import scala.Tuple2;

/**
 * Rows of a source to predict, numbered in the source's order without a prior count. As in Spark's
 * {@code monotonically_increasing_id}, the upper 31 bits are the row's partition, and the lower 33 bits are its index
 * in the partition. The rows of a source with one partition are thus numbered from 0.
 */
final class InputRows {
    private static final int INDEX_BITS = 33;

    private InputRows() {}

    /**
     * Tokenizes rows.
     *
     * @param tokenize returns one input per row
     * @param tasks smallest number of partitions. A source with fewer partitions is small; its rows are counted and
     *     divided into ranges.
     */
    static <C> JavaRDD<TaskInput> of(
            JavaRDD<CleanRow<C>> rows, FlatMapFunction<Iterator<CleanRow<C>>, TaskInput> tokenize, int tasks) {
        int read = rows.getNumPartitions();
        JavaRDD<TaskInput> numbered = rows.mapPartitionsWithIndex(new Numbering<>(tokenize), false);
        if (read >= tasks) {
            return numbered;
        }
        long[] first = new long[read + 1];
        List<Long> counts = rows.mapPartitions(InputRows::count).collect();
        for (int i = 0; i < read; i++) {
            first[i + 1] = first[i] + counts.get(i);
        }
        return numbered.mapToPair(input -> new Tuple2<>(input.index(), input))
                .repartitionAndSortWithinPartitions(new Ranges(first, tasks))
                .values();
    }

    private static Iterator<Long> count(Iterator<?> rows) {
        long count = 0;
        for (; rows.hasNext(); rows.next()) {
            count++;
        }
        return Collections.singleton(count).iterator();
    }

    private record Numbering<C>(FlatMapFunction<Iterator<CleanRow<C>>, TaskInput> tokenize)
            implements Function2<Integer, Iterator<CleanRow<C>>, Iterator<TaskInput>> {
        @Override
        public Iterator<TaskInput> call(Integer partition, Iterator<CleanRow<C>> rows) throws Exception {
            return new NumberedInputs(tokenize.call(rows), (long) partition << INDEX_BITS);
        }
    }

    /** Ranges of row numbers with equal numbers of rows. */
    private static final class Ranges extends Partitioner {
        /** Number of rows before each partition, then the number of all rows. */
        private final long[] first;

        private final int parts;

        Ranges(long[] first, int parts) {
            this.first = first;
            this.parts = parts;
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(Object key) {
            long number = (Long) key;
            long index = first[(int) (number >>> INDEX_BITS)] + (number & ((1L << INDEX_BITS) - 1));
            return (int) Math.min(index * parts / Math.max(1, first[first.length - 1]), parts - 1);
        }
    }
}
