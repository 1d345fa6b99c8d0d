package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

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
     */
    public record Rows<C>(SparkSource source, List<Reading.Column> columns, JavaRDD<CleanRow<C>> rdd) {}

    /**
     * Opens a source for a task.
     *
     * @param supervised whether rows must have a label or an answer
     * @throws RunException if a column that is needed is not there
     */
    public <C> Rows<C> read(SourceFiles files, TaskData<C> task, boolean supervised) {
        long large = growing ? Math.min(MAX_PARTITION_BYTES, files.bytes() / MANY) : 0;
        spark.conf().set("spark.sql.files.maxPartitionBytes", Math.max(partitionBytes, large) + "b");
        SparkSource source = source(files);
        Reading<C> reading = task.reading(source, tokenizer, supervised);
        List<Reading.Column> columns = List.of();
        Dataset<Row> rows;
        if (reading instanceof Reading.Texts<C> texts) {
            columns = texts.columns();
            rows = texts(source, columns);
        } else {
            rows = objects(source, ((Reading.JsonObjects<C>) reading).columns());
        }
        RowCleaner.Factory<C> cleaner = reading.cleaner();
        int values = Math.max(1, columns.size());
        JavaRDD<InternalRow> raw = spread(files, rows.queryExecution().toRdd().toJavaRDD(), supervised);
        return new Rows<>(
                source,
                columns,
                raw.mapPartitions(partition -> new CleaningIterator<>(partition, values, cleaner.open())));
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
        long whole = files.whole().map(SourceFiles.Whole::textBytes).orElse(0L);
        long wanted = Math.min(MAX_SPREAD, files.textBytes() / partitionBytes);
        boolean few = partitions < Math.min(wanted, 2L * cores);
        return whole > partitionBytes && few ? (int) wanted : partitions;
    }

    private static final class CleaningIterator<C> implements Iterator<CleanRow<C>> {
        private final Iterator<InternalRow> rows;
        private final SparkRow row;
        private final RowCleaner<C> cleaner;

        CleaningIterator(Iterator<InternalRow> rows, int values, RowCleaner<C> cleaner) {
            this.rows = rows;
            this.row = new SparkRow(values);
            this.cleaner = cleaner;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public CleanRow<C> next() {
            return cleaner.clean(row.at(rows.next()));
        }
    }

    /** As {@link SparkRow} has it: the columns, the file, the record that could not be parsed. */
    private static Dataset<Row> texts(SparkSource source, List<Reading.Column> columns) {
        List<Column> values = new ArrayList<>();
        if (source.format() == DataFormat.TEXT_FOLDERS) {
            values.add(col("content"));
            columns.stream().skip(1).forEach(column -> values.add(SparkSource.nothing()));
            return select(source.texts(), values, col("path"), SparkSource.nothing());
        }
        if (source.format() == DataFormat.TEXT) {
            values.add(col(SparkSource.LINE));
            columns.stream().skip(1).forEach(column -> values.add(SparkSource.nothing()));
            return select(source.lines(), values, col("_metadata.file_path"), col(SparkSource.CORRUPT));
        }
        List<String> names = columns.stream().map(Reading.Column::name).toList();
        Dataset<Row> rows = switch (source.format()) {
            case JSONL -> source.json(names);
            case CSV -> {
                requirePresent(source, columns);
                yield source.csv();
            }
            default -> {
                requirePresent(source, columns);
                yield requireStrings(source, source.typed(), columns);
            }
        };
        names.forEach(name -> values.add(text(rows, name)));
        return select(rows, values, source.file(), col(SparkSource.CORRUPT));
    }

    private static Dataset<Row> objects(SparkSource source, List<String> columns) {
        Column file = source.file();
        Column corrupt = col(SparkSource.CORRUPT);
        if (source.format() == DataFormat.JSONL) {
            return select(source.lines(), List.of(col(SparkSource.LINE)), file, corrupt);
        }
        if (source.format() == DataFormat.SQUAD) {
            return select(source.squad(), List.of(col(SparkSource.LINE)), col("path"), corrupt);
        }
        Dataset<Row> rows = source.format() == DataFormat.CSV ? source.csv() : source.typed();
        Column[] fields = columns.stream()
                .map(name -> {
                    boolean bytes = rows.schema().apply(name).dataType().equals(DataTypes.BinaryType);
                    return bytes ? text(name).as(name) : Columns.named(name);
                })
                .toArray(Column[]::new);
        return select(rows, List.of(to_json(struct(fields))), file, corrupt);
    }

    private static Dataset<Row> select(Dataset<Row> rows, List<Column> values, Column file, Column corrupt) {
        List<Column> all = new ArrayList<>(values);
        all.add(file);
        all.add(corrupt);
        return rows.select(all.toArray(Column[]::new));
    }

    private static void requirePresent(SparkSource source, List<Reading.Column> columns) {
        columns.forEach(column -> source.requireColumn(column.key(), column.name(), ""));
    }

    private static Dataset<Row> requireStrings(SparkSource source, Dataset<Row> rows, List<Reading.Column> columns) {
        for (Reading.Column column : columns) {
            DataType type = rows.schema().apply(column.name()).dataType();
            if (column.string() && !type.equals(DataTypes.StringType) && !type.equals(DataTypes.BinaryType)) {
                throw RunException.config(column.key() + ": column " + column.name() + " of " + source.path() + " is "
                        + type.simpleString() + ", it must be a string");
            }
        }
        return rows;
    }

    /** A list as JSON, anything else as it is written. */
    private static Column text(Dataset<Row> rows, String name) {
        boolean list = rows.schema().apply(name).dataType() instanceof ArrayType;
        return list ? to_json(Columns.named(name)) : text(name);
    }

    private static Column text(String name) {
        return Columns.named(name).cast(DataTypes.StringType);
    }
}
