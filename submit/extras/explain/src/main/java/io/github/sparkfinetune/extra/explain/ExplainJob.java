package io.github.sparkfinetune.extra.explain;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.train.Influence;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.extra.explain.GivenRows.Given;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Finds the training documents that most support predictions of a run's model, and those that most oppose them, by
 * {@link Influence} over the run's checkpoints. Tasks compute the gradients of ranges of training samples. The
 * documents of the found samples are then read from the sources.
 */
public final class ExplainJob {
    private static final String INPUT = "--input";
    /** Samples of a task for each row: a task computes the gradients of the rows, too. */
    private static final long SAMPLES_PER_ROW = 20;

    private static final long LEAST_SAMPLES = 2_000;
    private static final long MOST_SAMPLES = 20_000;

    private static final StructType DOCUMENT = new StructType()
            .add("influence", DataTypes.DoubleType, false)
            .add("sample", DataTypes.LongType, false)
            .add("label", DataTypes.StringType)
            .add("text", DataTypes.StringType, false)
            .add("hash", DataTypes.StringType)
            .add("file", DataTypes.StringType);
    private static final StructType EXPLANATION = new StructType()
            .add("index", DataTypes.LongType, false)
            .add("text", DataTypes.StringType, false)
            .add("label", DataTypes.StringType)
            .add("supporting", DataTypes.createArrayType(DOCUMENT, false), false)
            .add("opposing", DataTypes.createArrayType(DOCUMENT, false), false);

    private ExplainJob() {}

    /**
     * Explains predictions, and writes a row for each of them as Parquet: {@code index}, {@code text}, {@code label},
     * and the documents {@code supporting} and {@code opposing} it.
     *
     * @throws RunException if the run has no model or checkpoint, its samples have no gradients of their own, or input
     *     or output cannot be used
     */
    public static Explained run(SparkSession session, RunConfig config, ExplainRequest request) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        Influence.requireSeparable(config);
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        Path to = new Path(AbsolutePaths.of("--output", request.output(), hadoop));
        spark.setJobDescription("explain " + request.input());
        try {
            if (HadoopFiles.fileSystem(to, hadoop).exists(to)) {
                throw RunException.config("--output: " + to + " exists: name a new folder");
            }
            Predictor.check(resolved, hadoop);
            GivenRows given = GivenRows.of(session, resolved, INPUT, AbsolutePaths.of(INPUT, request.input(), hadoop));
            // Every task computes with whole weights.
            RunConfig whole = RunConfigLoader.with(
                    resolved, "explain", List.of(RunConfigLoader.override("cluster.shard", "none")));
            Explained explained = explained(session, whole, TaskDatas.of(whole), given, request.documents());
            write(session, explained.explanations(), to);
            return explained;
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the explanation of " + request.input(), e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    private static <C> Explained explained(
            SparkSession session, RunConfig config, TaskData<C> task, GivenRows rows, int most) throws IOException {
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        TokenizerFiles tokenizer = PrepareJob.tokenizer(config, hadoop);
        Path dataset = new Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        manifest.requireMatches(dataset, config.task(), task.options(tokenizer));
        List<String> labels = manifest.labels();
        List<Given> given = rows.read(session, tokenizer, labels);
        List<Given> usable = given.stream().filter(row -> row.error() == null).toList();
        String reason = given.stream()
                .map(Given::error)
                .filter(error -> error != null)
                .findFirst()
                .orElse(null);
        if (usable.isEmpty()) {
            throw RunException.data(INPUT + ": no row of " + rows.source().path() + " can be used (" + reason + ")");
        }
        List<Influence.Point> points = Influence.points(config, manifest, hadoop);
        try (SampleSource trained =
                ParquetSamples.open(dataset, manifest, Manifest.TRAIN, task.readWhileTraining(), hadoop)) {
            Ranking ranking = ranking(spark, config, points, usable, trained.size(), most);
            List<Sample> found =
                    LongStream.of(ranking.samples()).mapToObj(trained::read).toList();
            Map<Long, TrainingDocuments.Source> sources =
                    TrainingDocuments.of(session, config, task, tokenizer, found, labels);
            return new Explained(
                    explanations(given, ranking, documents(tokenizer, found, sources, labels), labels),
                    given.size() - usable.size(),
                    reason,
                    points.size());
        }
    }

    private static Ranking ranking(
            SparkContext spark,
            RunConfig config,
            List<Influence.Point> points,
            List<Given> rows,
            long samples,
            int most) {
        int ranks = config.cluster().ranks();
        long each = Math.max(LEAST_SAMPLES, Math.min(MOST_SAMPLES, SAMPLES_PER_ROW * rows.size()));
        int tasks = (int) Math.min(samples, Math.max(ranks, (samples + each - 1) / each));
        List<InfluenceTask.Range> ranges = IntStream.range(0, tasks)
                .mapToObj(task -> new InfluenceTask.Range(
                        Collective.firstOfShare(samples, task, tasks),
                        Collective.firstOfShare(samples, task + 1, tasks)))
                .toList();
        Placement placement = Placement.of(spark, config, Math.min(ranks, tasks));
        InfluenceTask influence = new InfluenceTask(
                config,
                UUID.randomUUID().toString(),
                placement,
                new SerializableConfiguration(spark.hadoopConfiguration()),
                new ArrayList<>(points),
                rows.stream()
                        .map(row -> new ArrayList<>(row.samples()))
                        .collect(Collectors.toCollection(ArrayList::new)),
                most);
        JavaRDD<Ranking> ranked =
                new JavaSparkContext(spark).parallelize(ranges, tasks).map(influence);
        return placement.place(ranked.rdd()).toJavaRDD().reduce(Ranking::plus);
    }

    /** Returns the found samples by their indexes, without influence. */
    private static Map<Long, Explanation.Document> documents(
            TokenizerFiles tokenizer,
            List<Sample> found,
            Map<Long, TrainingDocuments.Source> sources,
            List<String> labels) {
        DjlSettings.apply();
        Map<Long, Explanation.Document> documents = new HashMap<>();
        try (TextTokenizer open = TextTokenizer.open(tokenizer)) {
            for (Sample sample : found) {
                TrainingDocuments.Source source = sources.get(sample.index());
                documents.put(
                        sample.index(),
                        new Explanation.Document(
                                0,
                                sample.index(),
                                label(sample, labels),
                                open.decode(sample.inputIds()),
                                source == null ? null : source.hash(),
                                source == null ? null : source.file()));
            }
        }
        return documents;
    }

    private static String label(Sample sample, List<String> labels) {
        return sample.label() < 0 ? null : labels.get(sample.label());
    }

    private static List<Explanation> explanations(
            List<Given> given, Ranking ranking, Map<Long, Explanation.Document> documents, List<String> labels) {
        List<Explanation> explanations = new ArrayList<>();
        for (int index = 0; index < given.size(); index++) {
            Given row = given.get(index);
            if (row.error() == null) {
                int place = explanations.size();
                explanations.add(new Explanation(
                        index,
                        row.text(),
                        label(row.samples().get(0), labels),
                        documents(ranking.supporting(place), documents),
                        documents(ranking.opposing(place), documents)));
            }
        }
        return explanations;
    }

    private static List<Explanation.Document> documents(
            List<Ranking.Entry> entries, Map<Long, Explanation.Document> documents) {
        return entries.stream()
                .map(entry -> documents.get(entry.sample()).with(entry.influence()))
                .toList();
    }

    private static void write(SparkSession session, List<Explanation> explanations, Path to) {
        List<Row> rows = explanations.stream()
                .map(one -> RowFactory.create(
                        one.index(), one.text(), one.label(), rows(one.supporting()), rows(one.opposing())))
                .toList();
        session.createDataFrame(rows, EXPLANATION).coalesce(1).write().parquet(to.toString());
    }

    private static Row[] rows(List<Explanation.Document> documents) {
        return documents.stream()
                .map(one -> RowFactory.create(
                        one.influence(), one.sample(), one.label(), one.text(), one.hash(), one.file()))
                .toArray(Row[]::new);
    }
}
