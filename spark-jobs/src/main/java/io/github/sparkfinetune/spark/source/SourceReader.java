package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;

/** Reads of a source, in whatever format, what a task asks for, and cleans it. */
public final class SourceReader {
    /** Enough tokenization to outweigh the start of a task, little enough to balance. */
    private static final long PARTITION_BYTES = 32L << 20;
    /** Of a terabyte, so that the blocks of a shuffle do not become small. */
    private static final long MAX_PARTITION_BYTES = 256L << 20;
    /** Partitions of a source from which on they grow. */
    private static final long MANY = 4000;
    /** What a file counts beside its length: it costs far less to open than a tokenizer to load. */
    public static final long OPEN_BYTES = 64L << 10;
    /** Spark's default is the number of the cluster's cores. */
    private static final String MIN_PARTITIONS = "spark.sql.files.minPartitionNum";
    /** Partitions that few files are spread to, at most. */
    private static final long MAX_SPREAD = 2000;

    private final SparkSession spark;
    private final SparkSession callers;
    private final TokenizerFiles tokenizer;
    private final DataConfig data;
    private final long partitionBytes;
    private boolean growing = true;

    /** Reads as much text a partition as a large source asks for. */
    public SourceReader(SparkSession spark, TokenizerFiles tokenizer, DataConfig data) {
        this(spark, tokenizer, data, PARTITION_BYTES);
    }

    /**
     * Reads in partitions that depend on the source alone, not on the cluster, so that a later job finds the same ones.
     *
     * @param partitionBytes text of a partition, however large the source is
     */
    public static SourceReader alike(
            SparkSession spark, TokenizerFiles tokenizer, DataConfig data, long partitionBytes) {
        SourceReader reader = new SourceReader(spark, tokenizer, data, partitionBytes);
        reader.growing = false;
        if (!spark.conf().contains(MIN_PARTITIONS)) {
            reader.spark.conf().set(MIN_PARTITIONS, "1");
        }
        return reader;
    }

    /**
     * Reads with partitions of a size.
     *
     * @param partitionBytes text of a partition, but of a very large source
     */
    public SourceReader(SparkSession spark, TokenizerFiles tokenizer, DataConfig data, long partitionBytes) {
        // Settings of the reading below must not leak into the caller's session.
        this.callers = spark;
        this.spark = spark.newSession();
        // Many small files make a partition.
        this.spark.conf().set("spark.sql.files.openCostInBytes", OPEN_BYTES + "b");
        this.spark.conf().set("spark.sql.caseSensitive", "true");
        // A column that the name of a folder gives is a text, as it stands there: 007 is no 7.
        this.spark.conf().set("spark.sql.sources.partitionColumnTypeInference.enabled", "false");
        this.tokenizer = tokenizer;
        this.data = data;
        this.partitionBytes = partitionBytes;
    }

    /**
     * A source's rows, cleaned as often as they are computed.
     *
     * @param columns those that must be there and hold texts
     * @param keys finds the split keys of the rows; empty where rows have none
     */
    public record Rows<C>(
            SparkSource source, List<Reading.Column> columns, Optional<SplitKeys<C>> keys, JavaRDD<CleanRow<C>> rdd) {
        /** Returns this source with other rows. */
        public Rows<C> with(JavaRDD<CleanRow<C>> others) {
            return new Rows<>(source, columns, keys, others);
        }
    }

    /**
     * Opens a source for a task.
     *
     * @param supervised whether rows must have a label or an answer
     * @throws RunException if a column that is needed is not there
     */
    public <C> Rows<C> read(SourceFiles files, TaskData<C> task, boolean supervised) {
        long large = growing ? Math.min(MAX_PARTITION_BYTES, files.size().bytes() / MANY) : 0;
        spark.conf().set("spark.sql.files.maxPartitionBytes", Math.max(partitionBytes, large) + "b");
        SparkSource source = source(files);
        Reading<C> reading = task.reading(source, tokenizer, supervised);
        Optional<SplitKeys<C>> keys = supervised ? SplitKeys.of(source, task, data) : Optional.empty();
        RawColumns raw = new RawColumns(source, keys.map(SplitKeys::columns).orElse(List.of()));
        List<Reading.Column> columns = reading instanceof Reading.Texts<C> texts ? texts.columns() : List.of();
        Dataset<Row> rows =
                reading instanceof Reading.JsonObjects<C> objects ? raw.objects(objects.columns()) : raw.texts(columns);
        RowCleaner.Factory<C> cleaner = reading.cleaner();
        int values = Math.max(1, columns.size());
        JavaRDD<InternalRow> read = spread(files, rows.queryExecution().toRdd().toJavaRDD(), supervised);
        List<Reading.Column> required = new ArrayList<>(columns);
        keys.ifPresent(some -> required.addAll(some.required()));
        SplitKeys<C> keysOrNull = keys.orElse(null);
        return new Rows<>(
                source,
                List.copyOf(required),
                keys,
                read.mapPartitions(partition -> new CleaningIterator<>(
                        partition, values, cleaner.open(), keysOrNull == null ? null : keysOrNull.open())));
    }

    /** A source before a task says what is read of it. */
    SparkSource source(SourceFiles files) {
        return new SparkSource(spark, callers, files, data);
    }

    /**
     * Rows in as many partitions as their text asks for, where few tasks have to read it all. Both passes then read the
     * files once, because Spark keeps what it has shuffled.
     *
     * @param mayMove whether rows need not stay in the order of the source
     */
    private JavaRDD<InternalRow> spread(SourceFiles files, JavaRDD<InternalRow> read, boolean mayMove) {
        int cores = spark.sparkContext().defaultParallelism();
        int tasks = mayMove ? tasks(files, read.getNumPartitions(), cores, partitionBytes) : read.getNumPartitions();
        return tasks == read.getNumPartitions()
                ? read.mapPartitions(rows -> new ReadRows(rows, false))
                : read.<InternalRow>mapPartitions(rows -> new ReadRows(rows, true))
                        .repartition(tasks);
    }

    /**
     * Partitions to clean and tokenize a source in.
     *
     * @param partitions that it is read in
     * @param cores of the cluster
     */
    public static int tasks(SourceFiles files, int partitions, int cores, long partitionBytes) {
        long whole = files.size().whole().map(SourceFiles.Whole::textBytes).orElse(0L);
        long wanted = Math.min(MAX_SPREAD, files.size().textBytes() / partitionBytes);
        boolean few = partitions < Math.min(wanted, 2L * cores);
        return whole > partitionBytes && few ? (int) wanted : partitions;
    }

    private static final class CleaningIterator<C> implements Iterator<CleanRow<C>> {
        private final Iterator<InternalRow> rows;
        private final SparkRow row;
        private final RowCleaner<C> cleaner;
        private final SplitKeys<C>.Finder keysOrNull;

        CleaningIterator(
                Iterator<InternalRow> rows, int values, RowCleaner<C> cleaner, SplitKeys<C>.Finder keysOrNull) {
            this.rows = rows;
            this.row = new SparkRow(values);
            this.cleaner = cleaner;
            this.keysOrNull = keysOrNull;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public CleanRow<C> next() {
            CleanRow<C> clean = cleaner.clean(row.at(rows.next()));
            return keysOrNull == null ? clean : keysOrNull.keyed(clean, row::keyValue);
        }
    }
}
