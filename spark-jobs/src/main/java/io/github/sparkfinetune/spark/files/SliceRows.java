package io.github.sparkfinetune.spark.files;

import io.github.sparkfinetune.spark.row.Rows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.mapred.JobConf;
import org.apache.spark.TaskContext;
import org.apache.spark.executor.InputMetrics;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;

/** Rows of the parts that a task reads: the path as UTF-8, the values of partitions in it, and the value. */
final class SliceRows implements Iterator<Row> {
    private final Iterator<FileSlices> tasks;
    private final SliceReader.Opener opener;
    private final List<String> partitions;
    private final Configuration hadoop;
    private final TaskContext task;
    private final InputMetrics metrics;
    private Iterator<FileSlice> slices = Collections.emptyIterator();
    private FileSlice slice;
    private SliceReader reader;
    private Row constants;
    private byte[] next;

    /** @param partitions names of the partitions in the paths */
    SliceRows(Iterator<FileSlices> tasks, SliceReader.Opener opener, List<String> partitions, Configuration hadoop) {
        this.tasks = tasks;
        this.opener = opener;
        this.partitions = partitions;
        // Hadoop's reader of lines would copy other settings for each file.
        this.hadoop = new JobConf(hadoop);
        this.task = TaskContext.get();
        this.metrics = task.taskMetrics().inputMetrics();
        task.addTaskCompletionListener((TaskCompletionListener) ended -> close());
    }

    @Override
    public boolean hasNext() {
        task.killTaskIfInterrupted();
        while (next == null && (reader != null || advance())) {
            read();
        }
        return next != null;
    }

    /** Begins the next part; returns whether there is one. */
    private boolean advance() {
        while (!slices.hasNext() && tasks.hasNext()) {
            slices = tasks.next().iterator();
        }
        if (!slices.hasNext()) {
            return false;
        }
        slice = slices.next();
        String path = slice.path();
        constants = Rows.with(
                RowFactory.create((Object) path.getBytes(StandardCharsets.UTF_8)),
                partitions.stream()
                        .map(name -> PathPartitions.value(path, name))
                        .toArray());
        try {
            reader = opener.open(slice, hadoop);
        } catch (IOException | RuntimeException e) {
            throw UnreadableFile.of(slice.path(), e);
        }
        return true;
    }

    private void read() {
        try {
            next = reader.next();
            if (next == null) {
                metrics.incBytesRead(slice.bytes());
                close();
            }
        } catch (IOException | RuntimeException e) {
            throw UnreadableFile.of(slice.path(), e);
        }
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Row row = Rows.with(constants, next);
        metrics.incRecordsRead(1);
        next = null;
        return row;
    }

    private void close() {
        if (reader == null) {
            return;
        }
        try {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        reader = null;
    }
}
