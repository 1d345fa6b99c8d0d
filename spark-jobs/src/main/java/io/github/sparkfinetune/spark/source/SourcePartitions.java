package io.github.sparkfinetune.spark.source;

/** Partitions in which the rows of a source are read. */
public final class SourcePartitions {
    /** Text of a partition: enough to outweigh the start of a task, little enough for balance. */
    static final long PARTITION_BYTES = 32L << 20;
    /** Partition of rows that are written as they were read: a partition becomes a file. */
    static final long FRAME_BYTES = 128L << 20;
    /** Partition of sources of 1 to 25 TB. */
    private static final long MAX_PARTITION_BYTES = 256L << 20;
    /** Most partitions of a source, approximately. Partitions of larger sources have more than 256 MB. */
    private static final long MOST_PARTITIONS = 100_000;
    /** Number of partitions from which on partitions grow. */
    private static final long MANY = 4000;
    /** Bytes added for each file. Opening a file costs far less than loading a tokenizer. */
    public static final long OPEN_BYTES = 64L << 10;
    /** Most partitions that the rows of a few files are spread over. */
    private static final long MAX_SPREAD = 2000;

    private SourcePartitions() {}

    /**
     * Returns the bytes of a partition of a source. Partitions of a source of terabytes are larger, so that the blocks
     * of its shuffles do not become small and the driver keeps track of few tasks.
     *
     * @param least bytes of a partition of a small source
     */
    public static long partitionOf(SourceFiles files, long least) {
        long large = Math.min(MAX_PARTITION_BYTES, files.size().bytes() / MANY);
        return Math.max(Math.max(least, large), weight(files) / MOST_PARTITIONS);
    }

    /**
     * Returns the approximate number of partitions in which Spark reads a source for {@code prepare}.
     *
     * @param cores number of cores of the cluster
     */
    public static int partitions(SourceFiles files, int cores) {
        long bytes = taskBytes(files, partitionOf(files, PARTITION_BYTES), cores);
        long ofFile = files.size().bytes() / files.listing().count();
        // Spark cuts a large file, and packs small files.
        return Math.toIntExact(
                ofFile >= bytes
                        ? files.listing().count() * (1 + (ofFile - 1) / bytes)
                        : 1 + (weight(files) - 1) / bytes);
    }

    /** Returns the bytes by which Spark divides a source into partitions: of the files, and for opening each file. */
    public static long weight(SourceFiles files) {
        return files.size().bytes() + files.listing().count() * OPEN_BYTES;
    }

    /**
     * Returns the number of partitions in which a source is cleaned and tokenized.
     *
     * @param partitions number of partitions in which the source is read
     * @param cores number of cores of the cluster
     */
    public static int tasks(SourceFiles files, int partitions, int cores, long partitionBytes) {
        long whole = files.size().whole().map(SourceFiles.Whole::textBytes).orElse(0L);
        long needed = Math.min(MAX_SPREAD, files.size().textBytes() / partitionBytes);
        boolean few = partitions < Math.min(needed, 2L * cores);
        return whole > partitionBytes && few ? (int) needed : partitions;
    }

    /**
     * Returns the most bytes of a task that reads lines or texts, as Spark's readers of files compute them.
     *
     * @param tasks number of tasks that should at least read
     */
    static long taskBytes(SourceFiles files, long partitionBytes, long tasks) {
        return Math.min(partitionBytes, Math.max(OPEN_BYTES, weight(files) / tasks));
    }
}
