package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.task.question.SquadFile;
import io.github.sparkfinetune.spark.files.FileList;
import io.github.sparkfinetune.spark.files.FileRows;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.files.RawTexts;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Reads SQuAD files in parallel. Such a file is mostly one line, so it is cut where paragraphs begin. A task skips the
 * slices before its own, which takes a small part of the time of tokenization. A compressed file is one slice.
 */
final class SquadSlices {
    /** Smallest number of bytes of a task, from one file or from several small files. */
    private static final long SLICE = 4 << 20;
    /** Most slices of a file. With more slices, skipping would take as long as tokenizing. */
    private static final long MOST_SLICES = 16;

    private SquadSlices() {}

    /**
     * Part of a file in the terms of {@link SquadFile}.
     *
     * @param bytes approximate length of the slice
     */
    private record Slice(String file, long from, long to, long bytes) implements Serializable {}

    /**
     * Returns the questions of files in order.
     *
     * @param key configuration key of the source in messages
     * @return the columns of {@link SparkSource#lines}
     */
    static Dataset<Row> read(SparkSession spark, String key, FileList files) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        SerializableConfiguration hadoop = new SerializableConfiguration(context.hadoopConfiguration());
        List<List<Slice>> tasks = tasks(files);
        StructType schema = new StructType()
                .add(SparkSource.LINE, DataTypes.StringType)
                .add(FileRows.PATH, DataTypes.StringType)
                .add(SparkSource.CORRUPT, DataTypes.StringType);
        return spark.createDataFrame(
                context.parallelize(tasks, tasks.size())
                        .flatMap(List::iterator)
                        .flatMap(slice -> rows(key, slice, hadoop.value())),
                schema);
    }

    private static List<List<Slice>> tasks(FileList files) {
        List<List<Slice>> tasks = new ArrayList<>();
        long bytes = SLICE;
        for (ListedFile file : files) {
            for (Slice slice : file.bytes() == 0 ? List.<Slice>of() : slices(file.path(), file.bytes())) {
                if (bytes + slice.bytes() > SLICE) {
                    tasks.add(new ArrayList<>());
                    bytes = 0;
                }
                tasks.get(tasks.size() - 1).add(slice);
                bytes += slice.bytes();
            }
        }
        return tasks;
    }

    private static List<Slice> slices(String file, long length) {
        boolean whole = RawTexts.codec(file) != null;
        long count = whole ? 1 : Math.max(1, Math.min(MOST_SLICES, length / SLICE));
        List<Slice> slices = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            long to = i + 1 == count ? Long.MAX_VALUE : length * (i + 1) / count;
            slices.add(new Slice(file, length * i / count, to, length / count));
        }
        return slices;
    }

    private static Iterator<Row> rows(String key, Slice slice, Configuration hadoop) throws IOException {
        SquadFile questions = new SquadFile(
                key + ": " + slice.file(), open(new Path(slice.file()), hadoop), slice.from(), slice.to());
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> close(questions));
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return questions.hasNext();
            }

            @Override
            public Row next() {
                return RowFactory.create(questions.next(), slice.file(), null);
            }
        };
    }

    private static InputStream open(Path file, Configuration hadoop) throws IOException {
        InputStream in = file.getFileSystem(hadoop).open(file);
        CompressionCodec codec = RawTexts.codec(file.toString());
        return codec == null ? in : codec.createInputStream(in);
    }

    private static void close(SquadFile questions) {
        try {
            questions.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
