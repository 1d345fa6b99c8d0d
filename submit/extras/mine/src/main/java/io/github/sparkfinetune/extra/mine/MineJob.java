package io.github.sparkfinetune.extra.mine;

import static io.github.sparkfinetune.spark.predict.VectorRows.ID;
import static io.github.sparkfinetune.spark.predict.VectorRows.VECTOR;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.xxhash64;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.EmbeddingConfig.Side;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.rank.Nearest;
import io.github.sparkfinetune.core.rank.UnitVectors;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.task.retrieval.EmbeddingData;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.predict.FrameEmbeddings;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.predict.VectorRows;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Finds hard negatives of the training pairs: second texts of other pairs that the current model puts near to a text
 * but that do not belong to it. The current model is the run's trained model, or else its base model. Every text is
 * compared with every second text; nothing is approximate.
 */
public final class MineJob {
    /** Column of the negatives. */
    public static final String NEGATIVE = "negative";

    private static final int PART_BYTES = 64 << 20;
    private static final String TEXT = "text";
    private static final String PAIR = "pair";
    private static final String RELEVANT = "relevant";
    private static final StructType PAIRS =
            new StructType().add(TEXT, DataTypes.StringType, false).add(PAIR, DataTypes.StringType, false);
    private static final StructType FOUND = new StructType()
            .add(ID, DataTypes.LongType, false)
            .add("found", DataTypes.createArrayType(DataTypes.LongType, false), false);

    private MineJob() {}

    /**
     * Outcome of a search.
     *
     * @param rows number of pairs
     * @param withNegatives number of pairs with at least one negative
     * @param negatives number of negatives
     */
    public record Mined(long rows, long withNegatives, long negatives) {
        /** Returns the numbers in one line. */
        public String summary() {
            return String.format(
                    Locale.ROOT,
                    "%,d pairs, %,d of them with negatives, %,d negatives",
                    rows,
                    withNegatives,
                    negatives);
        }
    }

    /**
     * Writes the pairs of {@code data.train} with a column of negatives, as Parquet.
     *
     * @throws RunException if the run does not embed, or data, model or output cannot be used
     */
    public static Mined run(SparkSession session, RunConfig config, MineOptions options) {
        SparkSessions.requireSerializer(session);
        if (!(TaskDatas.of(config) instanceof EmbeddingData)) {
            throw RunException.config("task: " + config.task().configName()
                    + " gives texts no vectors: mine with a run of task embedding");
        }
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, session.sparkContext().master(), hadoop);
        Path to = new Path(AbsolutePaths.of("--output", options.output(), hadoop));
        session.sparkContext().setJobDescription("mine negatives into " + to);
        try {
            if (HadoopFiles.fileSystem(to, hadoop).exists(to)) {
                throw RunException.config("--output: " + to + " exists: name a new folder");
            }
            Dataset<Row> pairs = pairs(session, resolved).persist(StorageLevel.MEMORY_AND_DISK());
            try {
                written(session, resolved, options, pairs, to);
                return mined(session.read().parquet(to.toString()));
            } finally {
                pairs.unpersist();
            }
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the search of negatives", e);
        } finally {
            session.sparkContext().setJobDescription(null);
        }
    }

    private static Mined mined(Dataset<Row> rows) {
        Column count = size(col(NEGATIVE));
        Row sums = rows.agg(
                        sum(expr("1L")).as("rows"),
                        sum(count.gt(0).cast(DataTypes.LongType)).as("mined"),
                        sum(count.cast(DataTypes.LongType)).as("negatives"))
                .first();
        return new Mined(sums.getAs("rows"), sums.getAs("mined"), sums.getAs("negatives"));
    }

    private static void written(
            SparkSession session, RunConfig config, MineOptions options, Dataset<Row> pairs, Path to)
            throws IOException {
        Dataset<Row> queries =
                embedded(config, pairs.select(TEXT).distinct(), Side.QUERY).persist(StorageLevel.MEMORY_AND_DISK());
        Dataset<Row> documents = embedded(
                        config, pairs.select(col(PAIR).as(TEXT)).distinct(), Side.DOCUMENT)
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Dataset<Row> relevant = pairs.withColumn(ID, xxhash64(col(TEXT)))
                    .withColumn("pair_id", xxhash64(col(PAIR)))
                    .join(
                            documents.select(col(ID).as("pair_id"), col(VECTOR).as("pair_vector")),
                            new String[] {"pair_id"})
                    .groupBy(ID)
                    .agg(collect_list(struct(
                                    col("pair_id").as(ID), col("pair_vector").as(VECTOR)))
                            .as(RELEVANT))
                    .join(queries.select(ID, VECTOR), new String[] {ID})
                    .select(ID, VECTOR, RELEVANT);
            Dataset<Row> found = session.createDataFrame(found(session, options, relevant, documents), FOUND);
            Dataset<Row> negatives = found.select(
                            col(ID), posexplode(col("found")).as(new String[] {"place", "found"}))
                    .join(documents.select(col(ID).as("found"), col(TEXT).as("other")), new String[] {"found"})
                    .groupBy(ID)
                    .agg(sort_array(collect_list(struct("place", "other"))).as("all"))
                    .select(
                            col(ID),
                            transform(col("all"), one -> one.getField("other")).as(NEGATIVE));
            pairs.withColumn(ID, xxhash64(col(TEXT)))
                    .join(negatives, new String[] {ID}, "left")
                    .select(
                            col(TEXT).as(config.data().text()),
                            col(PAIR).as(config.data().textPair()),
                            coalesce(col(NEGATIVE), expr("array()")).as(NEGATIVE))
                    .write()
                    .parquet(to.toString());
        } finally {
            queries.unpersist();
            documents.unpersist();
        }
    }

    /** Returns the usable pairs of the training text, as a training reads them, but with their personal data. */
    private static Dataset<Row> pairs(SparkSession session, RunConfig config) throws IOException {
        // A training on the pairs redacts them. The model compares redacted texts.
        DataConfig data = config.data().withoutRedact();
        EmbeddingData task = new EmbeddingData(data, config.embedding()).ofPairs();
        SourceFiles source = Sources.of(session, data, "data.train", null, data.train());
        JavaRDD<Row> rows = new SourceReader(
                        session,
                        PrepareJob.tokenizer(config, session.sparkContext().hadoopConfiguration()),
                        data)
                .read(source, task, true)
                .rdd()
                .filter(row -> row.badBecause() == null)
                .map(row -> RowFactory.create(
                        row.content().text(), row.content().others().get(0)));
        return session.createDataFrame(rows, PAIRS);
    }

    /** Returns texts with an id and their vectors by the current model. */
    private static Dataset<Row> embedded(RunConfig config, Dataset<Row> texts, Side side) throws IOException {
        Configuration hadoop = texts.sparkSession().sparkContext().hadoopConfiguration();
        RunConfig sided = config.withEmbedding(config.embedding().predictedAs(side));
        Path trained = new Path(config.output().model(), HfConfig.FILE);
        String name = UUID.randomUUID().toString();
        Dataset<Row> made = HadoopFiles.fileSystem(trained, hadoop).exists(trained)
                ? FramePredictions.of(texts, sided, Map.of(config.data().text(), col(TEXT)), name, "made")
                        .withColumn(VECTOR, col("made").getField("embedding"))
                : FrameEmbeddings.of(texts, sided, col(TEXT), name, false, VECTOR);
        return made.where(col(VECTOR).isNotNull()).select(xxhash64(col(TEXT)).as(ID), col(TEXT), col(VECTOR));
    }

    /** Returns, for the id of each query, the ids of its negatives, the most similar first. */
    private static List<Row> found(
            SparkSession session, MineOptions options, Dataset<Row> queries, Dataset<Row> documents) {
        JavaSparkContext spark = new JavaSparkContext(session.sparkContext());
        JavaRDD<UnitVectors> blocks = VectorRows.blocks(documents.select(ID, VECTOR));
        try {
            List<Row> found = new ArrayList<>();
            Iterator<Row> all = queries.toLocalIterator();
            while (all.hasNext()) {
                List<Long> ids = new ArrayList<>();
                Nearest nearest = part(all, options, ids);
                Nearest.Found[] best = nearest(nearest, blocks, spark);
                for (int q = 0; q < best.length; q++) {
                    long[] others = best[q].ids();
                    int from = Math.min(options.rangeMin(), others.length);
                    found.add(RowFactory.create(ids.get(q), Arrays.copyOfRange(others, from, others.length)));
                }
            }
            return found;
        } finally {
            blocks.unpersist(false);
        }
    }

    private static Nearest.Found[] nearest(Nearest queries, JavaRDD<UnitVectors> blocks, JavaSparkContext spark) {
        Broadcast<Nearest> sent = spark.broadcast(queries);
        try {
            return blocks.map(block -> sent.value().in(block))
                    .treeAggregate(
                            queries.none(),
                            (a, b) -> sent.value().merged(a, b),
                            (a, b) -> sent.value().merged(a, b));
        } finally {
            sent.destroy();
        }
    }

    /** Takes queries until their vectors fill a part. */
    private static Nearest part(Iterator<Row> rows, MineOptions options, List<Long> ids) {
        Nearest queries = new Nearest(options.rangeMin() + options.numNegatives());
        long bytes = 0;
        while (rows.hasNext() && bytes < PART_BYTES) {
            Row row = rows.next();
            float[] vector = VectorRows.unit(row);
            Set<Long> relevant = new HashSet<>();
            double least = 1;
            for (Row document : row.<Row>getList(row.fieldIndex(RELEVANT))) {
                relevant.add(VectorRows.id(document));
                least = Math.min(least, UnitVectors.product(vector, VectorRows.unit(document)));
            }
            queries.add(vector, relevant, least - options.absoluteMargin());
            ids.add(VectorRows.id(row));
            bytes += (long) vector.length * Float.BYTES;
        }
        return queries;
    }
}
