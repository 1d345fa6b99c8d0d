package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.SubjectKey;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.spark.entity.EntityModels;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.functions;

/** Reads a source of any format for a task, and cleans its rows. */
public final class SourceReader {
    /** Spark's default is the number of the cluster's cores. */
    private static final String MIN_PARTITIONS = "spark.sql.files.minPartitionNum";

    private static final String SUBJECT = "data.subject";
    /** Reason of a row without a value in the column of {@code data.subject}: it could not be erased by its subject. */
    private static final String NO_SUBJECT = "no_subject";
    /** Name of the column that {@link #only} compares. */
    private static final String ONLY = "_only";

    private final SparkSession spark;
    private final SparkSession callers;
    private final TokenizerFiles tokenizer;
    private final DataConfig data;
    private final long partitionBytes;
    private boolean growing = true;
    private ColumnValue only;

    /** Creates a reader with partitions of the default size. */
    public SourceReader(SparkSession spark, TokenizerFiles tokenizer, DataConfig data) {
        this(spark, tokenizer, data, SourcePartitions.PARTITION_BYTES);
    }

    /**
     * Creates a reader whose partitions depend only on the source, not on the cluster. A later job then gets the same
     * partitions.
     *
     * @param partitionBytes text of a partition, for sources of any size
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
     * Creates a reader with partitions of a given size.
     *
     * @param partitionBytes text of a partition, except in a very large source
     */
    public SourceReader(SparkSession spark, TokenizerFiles tokenizer, DataConfig data, long partitionBytes) {
        // Settings of the reading below must not leak into the caller's session.
        this.callers = spark;
        this.spark = spark.newSession();
        // A partition may hold many small files.
        this.spark.conf().set("spark.sql.files.openCostInBytes", SourcePartitions.OPEN_BYTES + "b");
        this.spark.conf().set("spark.sql.caseSensitive", "true");
        // A column in the name of a folder is a text: 007 is not 7.
        this.spark.conf().set("spark.sql.sources.partitionColumnTypeInference.enabled", "false");
        this.tokenizer = tokenizer;
        this.data = data;
        this.partitionBytes = partitionBytes;
    }

    /**
     * Value that the rows of a reader have in a column.
     *
     * @param column name of the column
     * @param value value as text
     */
    public record ColumnValue(String column, String value) {}

    /** Returns this reader, which from now on reads only rows with a value. */
    public SourceReader only(ColumnValue rows) {
        only = rows;
        return this;
    }

    /**
     * Cleaned rows of a source. Each computation of the RDD cleans the rows again.
     *
     * @param source source of the rows
     * @param columns columns that must exist and hold texts
     * @param keys split keys of the rows; empty if rows have no keys
     * @param rdd cleaned rows
     */
    public record Rows<C>(
            SparkSource source, List<Reading.Column> columns, Optional<SplitKeys<C>> keys, JavaRDD<CleanRow<C>> rdd) {
        /** Returns this source with other rows. */
        public Rows<C> with(JavaRDD<CleanRow<C>> others) {
            return new Rows<>(source, columns, keys, others);
        }

        /**
         * Returns the content of a usable row, in a pass over the rows; empty if there is none.
         *
         * @param second second half of the content's hash
         */
        public Optional<String> content(long second) {
            return rdd
                    .filter(row -> row.badBecause() == null && row.hash().second() == second)
                    .map(row -> String.valueOf(row.content()))
                    .take(1)
                    .stream()
                    .findFirst();
        }
    }

    /**
     * Opens a source for a task.
     *
     * @param supervised whether rows must have a label or an answer
     * @throws RunException if a needed column does not exist
     */
    public <C> Rows<C> read(SourceFiles files, TaskData<C> task, boolean supervised) {
        SparkSource source = source(files);
        Reading<C> reading = task.reading(source, tokenizer, supervised);
        Optional<SplitKeys<C>> keys = supervised ? SplitKeys.of(source, task, data) : Optional.empty();
        List<String> further = new ArrayList<>(keys.map(SplitKeys::columns).orElse(List.of()));
        Optional<String> person = TextCleaning.person(data, source);
        int personKey = person.isPresent() ? further.size() : SparkRow.NO_PERSON;
        person.ifPresent(further::add);
        Optional<SubjectKey> subjects = supervised ? SubjectKey.of(data) : Optional.empty();
        int subjectColumn = further.size();
        if (subjects.isPresent()) {
            String column = data.subject();
            source.requireColumns(SUBJECT, List.of(column));
            further.add(column);
        }
        if (only != null) {
            further.add(only.column());
        }
        RawColumns raw = new RawColumns(source, further);
        List<Reading.Column> columns = reading instanceof Reading.Texts<C> texts ? texts.columns() : List.of();
        Dataset<Row> rows =
                reading instanceof Reading.JsonObjects<C> objects ? raw.objects(objects.columns()) : raw.texts(columns);
        if (only != null) {
            String[] names = rows.columns();
            names[names.length - 1] = ONLY;
            rows = rows.toDF(names).filter(functions.col(ONLY).equalTo(only.value()));
        }
        RowCleaner.Factory<C> cleaner = reading.cleaner();
        EntityModels entities = EntityModels.of(spark.sparkContext(), data.redact());
        int values = Math.max(1, columns.size());
        JavaRDD<InternalRow> read =
                spread(files, rows.queryExecution().toRdd().toJavaRDD(), supervised, entities.model() != null);
        List<Reading.Column> required = new ArrayList<>(columns);
        keys.ifPresent(splitKeys -> required.addAll(splitKeys.required()));
        SplitKeys<C> keysOrNull = keys.orElse(null);
        SubjectKey subjectsOrNull = subjects.orElse(null);
        return new Rows<>(
                source,
                List.copyOf(required),
                keys,
                read.mapPartitions(partition -> new CleaningIterator<>(
                        partition,
                        new SparkRow(values, personKey),
                        cleaner,
                        entities.open(),
                        keysOrNull == null ? null : keysOrNull.open(),
                        subjectsOrNull == null ? null : subjectsOrNull.open(),
                        subjectColumn)));
    }

    /**
     * Returns the rows of a source with all columns, as Spark reads them. Columns of JSON lines have the types that
     * Spark infers, and columns of CSV are strings. Texts in folders or in lines have the column {@code data.text}.
     *
     * @throws RunException if a record cannot be parsed, or the format has no columns
     */
    public static Dataset<Row> frame(SparkSession spark, SourceFiles files, DataConfig data) {
        SparkSource source = new SourceReader(spark, null, data, SourcePartitions.FRAME_BYTES).source(files);
        return source.reader().frame(source, data.text());
    }

    /** Returns the names of the columns of a source. */
    public List<String> columns(SourceFiles files) {
        return source(files).columns();
    }

    /** Returns a source before a task chooses what is read. */
    SparkSource source(SourceFiles files) {
        long bytes = growing ? SourcePartitions.partitionOf(files, partitionBytes) : partitionBytes;
        spark.conf().set("spark.sql.files.maxPartitionBytes", bytes + "b");
        long tasks = spark.conf().contains(MIN_PARTITIONS)
                ? Long.parseLong(spark.conf().get(MIN_PARTITIONS))
                : spark.sparkContext().defaultParallelism();
        return new SparkSource(spark, callers, files, data, SourcePartitions.taskBytes(files, bytes, tasks));
    }

    /**
     * Repartitions rows by the amount of text if only a few tasks would have to read all of it. Both passes then read
     * the files once, because Spark keeps shuffled rows.
     *
     * @param mayMove whether rows may leave the order of the source
     * @param isAhead whether rows stay in use after the next row is read
     */
    private JavaRDD<InternalRow> spread(
            SourceFiles files, JavaRDD<InternalRow> read, boolean mayMove, boolean isAhead) {
        int cores = spark.sparkContext().defaultParallelism();
        int tasks = mayMove
                ? SourcePartitions.tasks(files, read.getNumPartitions(), cores, partitionBytes)
                : read.getNumPartitions();
        return tasks == read.getNumPartitions()
                ? read.mapPartitions(rows -> new ReadRows(rows, isAhead))
                : read.<InternalRow>mapPartitions(rows -> new ReadRows(rows, true))
                        .repartition(tasks);
    }

    private static final class CleaningIterator<C> implements Iterator<CleanRow<C>> {
        private final Iterator<InternalRow> rows;
        private final SparkRow row;
        private final RowCleaner<C> cleaner;
        private final SplitKeys<C>.Finder keysOrNull;
        private final SubjectKey.Hasher subjectsOrNull;
        private final int subjectColumn;

        CleaningIterator(
                Iterator<InternalRow> rows,
                SparkRow row,
                RowCleaner.Factory<C> cleaners,
                ModelSpans byModel,
                SplitKeys<C>.Finder keysOrNull,
                SubjectKey.Hasher subjectsOrNull,
                int subjectColumn) {
            this.row = row;
            this.cleaner = cleaners.open(byModel);
            this.rows = byModel.ahead(rows, ahead -> cleaner.clean(row.at(ahead)));
            this.keysOrNull = keysOrNull;
            this.subjectsOrNull = subjectsOrNull;
            this.subjectColumn = subjectColumn;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public CleanRow<C> next() {
            CleanRow<C> clean = cleaner.clean(row.at(rows.next()));
            CleanRow<C> keyed = keysOrNull == null ? clean : keysOrNull.keyed(clean, row::keyValue);
            return subjectsOrNull == null || keyed.badBecause() != null ? keyed : subjectOf(keyed);
        }

        private CleanRow<C> subjectOf(CleanRow<C> keyed) {
            return subjectsOrNull
                    .of(row.keyValue(subjectColumn))
                    .map(keyed::with)
                    .orElseGet(() -> CleanRow.bad(keyed.file(), NO_SUBJECT));
        }
    }
}
