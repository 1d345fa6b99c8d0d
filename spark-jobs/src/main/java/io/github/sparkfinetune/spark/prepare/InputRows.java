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
 * The rows of a source to predict, numbered in its order. Where each partition begins is known from a count of the rows
 * as they are read, before anything is tokenized.
 */
final class InputRows {
    private InputRows() {}

    /**
     * Tokenizes rows.
     *
     * @param tokenize one input a row
     * @param tasks fewest partitions: a small source is cut into ranges of rows
     */
    static <C> JavaRDD<TaskInput> of(
            JavaRDD<CleanRow<C>> rows, FlatMapFunction<Iterator<CleanRow<C>>, TaskInput> tokenize, int tasks) {
        int read = rows.getNumPartitions();
        if (read <= 1 && tasks <= 1) {
            return rows.mapPartitionsWithIndex(new Numbering<>(tokenize, new long[1]), false);
        }
        long[] first = new long[read + 1];
        List<Long> counts = rows.mapPartitions(InputRows::count).collect();
        for (int i = 0; i < read; i++) {
            first[i + 1] = first[i] + counts.get(i);
        }
        JavaRDD<TaskInput> numbered = rows.mapPartitionsWithIndex(new Numbering<>(tokenize, first), false);
        return read >= tasks
                ? numbered
                : numbered.mapToPair(input -> new Tuple2<>(input.index(), input))
                        .repartitionAndSortWithinPartitions(new Ranges(first[read], tasks))
                        .values();
    }

    private static Iterator<Long> count(Iterator<?> rows) {
        long count = 0;
        for (; rows.hasNext(); rows.next()) {
            count++;
        }
        return Collections.singleton(count).iterator();
    }

    private record Numbering<C>(FlatMapFunction<Iterator<CleanRow<C>>, TaskInput> tokenize, long[] first)
            implements Function2<Integer, Iterator<CleanRow<C>>, Iterator<TaskInput>> {
        @Override
        public Iterator<TaskInput> call(Integer partition, Iterator<CleanRow<C>> rows) throws Exception {
            Iterator<TaskInput> inputs = tokenize.call(rows);
            return new Iterator<>() {
                private long next = first[partition];

                @Override
                public boolean hasNext() {
                    return inputs.hasNext();
                }

                @Override
                public TaskInput next() {
                    return inputs.next().at(next++);
                }
            };
        }
    }

    /** Rows by their numbers, as many in each part. */
    private static final class Ranges extends Partitioner {
        private final long rows;
        private final int parts;

        Ranges(long rows, int parts) {
            this.rows = rows;
            this.parts = parts;
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(Object key) {
            return (int) Math.min((Long) key * parts / Math.max(1, rows), parts - 1);
        }
    }
}
