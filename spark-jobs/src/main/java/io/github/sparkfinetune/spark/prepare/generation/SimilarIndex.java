package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.corpus.EarlierDuplicates;
import io.github.sparkfinetune.spark.corpus.HashedText;
import io.github.sparkfinetune.spark.corpus.Lookahead;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.corpus.RemovedDocuments;
import io.github.sparkfinetune.spark.source.SourceReader;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/** Near-duplicates of a generation, and the signatures of its documents in the index. */
public final class SimilarIndex implements AutoCloseable {
    private static final StructType EARLIER = new StructType()
            .add(EarlierDuplicates.DOCUMENT + 1, DataTypes.LongType, false)
            .add(EarlierDuplicates.DOCUMENT + 2, DataTypes.LongType, false)
            .add(EarlierDuplicates.GENERATION, DataTypes.IntegerType, false)
            .add(EarlierDuplicates.SIGNATURE, DataTypes.BinaryType, false);

    private final SparkSession spark;
    private final Increment increment;
    /** Null before the search. */
    private Dataset<Row> signed;

    public SimilarIndex(SparkSession spark, Increment increment) {
        this.spark = spark;
        this.increment = increment;
    }

    /**
     * Finds near-duplicates among the rows of the training source.
     *
     * @param known splits in which earlier generations have the contents of the rows
     */
    public <C> RemovedDocuments find(
            SourceReader.Rows<C> rows,
            TaskData<C> task,
            Optional<JavaRDD<Map<ContentHash, Integer>>> known,
            NearDuplicates.Options options) {
        FileNumbers files = increment.numbers(rows.source().key());
        int within = increment.within(rows.source().split());
        JavaRDD<EarlierDuplicates.Signed> documents = known.isEmpty()
                ? rows.rdd().mapPartitions(part -> new Signing<>(part, Map.of(), within, task, files))
                : rows.rdd()
                        .zipPartitions(
                                known.get(), (part, maps) -> new Signing<>(part, maps.next(), within, task, files));
        signed = EarlierDuplicates.signed(spark, documents, options).persist(StorageLevel.MEMORY_AND_DISK_SER());
        return EarlierDuplicates.find(spark, signed, earlier(), increment.number(), options);
    }

    private Dataset<Row> earlier() {
        String[] files = increment.files(IndexSchema.SIMILAR);
        if (files.length == 0) {
            return spark.createDataFrame(List.of(), EARLIER);
        }
        return IndexFiles.ofFiles(spark.read().parquet(files), increment.removed(), false);
    }

    /**
     * Writes the signatures, if there was a search.
     *
     * @param run name of the run in the names of its files
     * @return bytes of the files by their names
     */
    public Map<String, Long> write(Path dataset, String run, int parts) {
        Map<String, Long> files = new TreeMap<>();
        if (signed != null) {
            String folder = dataset.toString();
            int generation = increment.number();
            SerializableConfiguration hadoop =
                    new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
            signed.toJavaRDD()
                    .coalesce(parts)
                    .mapPartitionsWithIndex(
                            (part, rows) -> write(folder, part, generation, run, rows, hadoop.value()), false)
                    .collect()
                    .forEach(file -> files.put(file._1(), file._2()));
        }
        return files;
    }

    private static Iterator<Tuple2<String, Long>> write(
            String dataset, int part, int generation, String run, Iterator<Row> rows, Configuration hadoop)
            throws IOException {
        String name = ShardNames.of(
                IndexSchema.SIMILAR, part, generation, run, TaskContext.get().taskAttemptId());
        Path file = new Path(dataset, name);
        try (ParquetWriter<Group> writer = IndexSchema.create(file, IndexSchema.OF_SIMILAR, hadoop)) {
            while (rows.hasNext()) {
                Row row = rows.next();
                Group group = new SimpleGroup(IndexSchema.OF_SIMILAR);
                for (int half = 1; half <= 2; half++) {
                    group.add(EarlierDuplicates.DOCUMENT + half, row.<Long>getAs(EarlierDuplicates.DOCUMENT + half));
                }
                group.add(IndexSchema.GENERATION, generation);
                group.add(IndexSchema.FILE, row.<Integer>getAs(IndexSchema.FILE));
                group.add(
                        EarlierDuplicates.SIGNATURE,
                        Binary.fromConstantByteArray(row.getAs(EarlierDuplicates.SIGNATURE)));
                writer.write(group);
            }
        }
        long bytes = HadoopFiles.fileSystem(file, hadoop).getFileStatus(file).getLen();
        return List.of(new Tuple2<>(name, bytes)).iterator();
    }

    @Override
    public void close() {
        if (signed != null) {
            signed.unpersist();
        }
    }

    /** Usable rows as documents of their files. */
    private static final class Signing<C> extends Lookahead<EarlierDuplicates.Signed> {
        private final Iterator<CleanRow<C>> rows;
        private final Map<ContentHash, Integer> known;
        private final int within;
        private final TaskData<C> task;
        private final FileNumbers files;

        Signing(
                Iterator<CleanRow<C>> rows,
                Map<ContentHash, Integer> known,
                int within,
                TaskData<C> task,
                FileNumbers files) {
            this.rows = rows;
            this.known = known;
            this.within = within;
            this.task = task;
            this.files = files;
        }

        @Override
        protected EarlierDuplicates.Signed advance() {
            while (rows.hasNext()) {
                CleanRow<C> row = rows.next();
                if (row.badBecause() == null) {
                    boolean isNew = (known.getOrDefault(row.hash(), 0) & within) == 0;
                    return new EarlierDuplicates.Signed(
                            new HashedText(row.hash(), task.text(row.content())), files.of(row.file()), isNew);
                }
            }
            return null;
        }
    }
}
