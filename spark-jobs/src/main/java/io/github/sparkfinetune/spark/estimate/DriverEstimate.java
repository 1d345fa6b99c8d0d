package io.github.sparkfinetune.spark.estimate;

import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceFormats;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Heap of the driver by what takes it. Bytes of a file and of a task were measured on Spark 3.5.9 with 20,000 files and
 * tasks.
 *
 * @param parts bytes by name
 */
public record DriverEstimate(Map<String, Long> parts) {
    /**
     * A file of a format that Spark's own reader reads, in Spark's index, with its path and blocks, and in a partition.
     */
    private static final long SPARK_FILE_BYTES = 820;
    /** A file in the listing of its source, and in the tasks of two passes. */
    private static final long FILE_BYTES = 60;
    /** A task in the scheduler, and in the store of Spark's UI, which keeps the tasks of finished stages. */
    private static final long TASK_BYTES = 700;
    /** Places and sizes of the blocks of a map task. */
    private static final long WRITER_BYTES = 500;
    /** A file of the dataset in the manifest. There may be a file of each split in each range. */
    private static final long SHARD_BYTES = 3 * 400;
    /** A label in the counts of the scan and of each split. */
    private static final long LABEL_BYTES = 6 * 100;
    /** Counts of a round of the split, two filters of 32 MB, broadcasts, and Spark's classes and services. */
    private static final long FIXED = 320L << 20;

    /**
     * Estimates the heap.
     *
     * @param source files that are read
     * @param tasks number of tasks of all stages
     * @param writers number of map tasks of all shuffles
     * @param shards number of shards, or of parts of a prediction
     * @param labels number of labels
     */
    static DriverEstimate of(SourceFiles source, long tasks, long writers, int shards, int labels) {
        Map<String, Long> parts = new LinkedHashMap<>();
        long files = source.listing().count();
        parts.put("list of the files", files * FILE_BYTES);
        parts.put(
                "spark's index of the files",
                SourceFormats.of(source.format()).isReadBySpark() ? files * SPARK_FILE_BYTES : 0);
        parts.put("tasks", tasks * TASK_BYTES);
        parts.put("outputs of map tasks", writers * WRITER_BYTES);
        parts.put("files that are written", shards * SHARD_BYTES);
        parts.put("labels", labels * LABEL_BYTES);
        parts.put("everything else", FIXED);
        return new DriverEstimate(parts);
    }

    /** Returns the bytes of all parts. */
    public long sum() {
        return parts.values().stream().mapToLong(Long::longValue).sum();
    }
}
