package io.github.sparkfinetune.extra.audit;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_compact;
import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.array_position;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log;
import static org.apache.spark.sql.functions.negate;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.SplitKey;
import io.github.sparkfinetune.data.task.classification.ClassificationData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.corpus.HashedText;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.predict.FramePredictions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.AtOnce;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Audits the labels of {@code data.train}. The rows are dealt to folds by their content, or by their group where
 * {@code data.split_by} names groups. A training on the other folds judges the rows of a fold, so no model has seen the
 * rows that it judges. Columns of the judged rows: {@code rank} (from 1, the least probable label first),
 * {@code kinds}, {@code label}, {@code suggested} (most probable other label), {@code probability} and {@code loss} (of
 * the given label), {@code margin}, {@code fold}, {@code probabilities}, {@code file}, {@code text}, {@code text_pair},
 * {@code hash} (of the texts).
 */
final class AuditJob {
    /** Kind of a row whose label is probably another. */
    static final String WRONG = "wrong";
    /** Kind of a row whose text also has another label. */
    static final String CONFLICTING = "conflicting";
    /** Kind of a row with a near-equal text that has another label. */
    static final String NEAR_EQUAL = "near_equal";

    private static final int SHOWN = 10;
    private static final String MADE = "made";
    /** Folder of the pairs of near-equal rows, until the end of the audit. */
    private static final String NEAR_PAIRS = "work/near";

    private static final StructType SOURCE = new StructType()
            .add("hash", DataTypes.StringType, false)
            .add("group", DataTypes.StringType, false)
            .add("file", DataTypes.StringType, true)
            .add("label", DataTypes.StringType, false)
            .add("text", DataTypes.StringType, false)
            .add("text_pair", DataTypes.StringType, true);
    private static final StructType NEAR =
            new StructType().add("hash", DataTypes.StringType, false).add("near", DataTypes.StringType, false);

    private final SparkSession session;
    private final RunConfig config;
    private final AuditOptions options;
    private final Consumer<String> progress;
    private final Configuration hadoop;

    AuditJob(SparkSession session, RunConfig config, AuditOptions options, Consumer<String> progress) {
        this.session = session;
        this.hadoop = session.sparkContext().hadoopConfiguration();
        this.config = RunPaths.resolve(config, session.sparkContext().master(), hadoop);
        this.options = options;
        this.progress = progress;
    }

    /**
     * Writes the judged rows. After a kill, finished folds stay, and a training goes on from its newest checkpoint.
     *
     * @throws RunException if rows have not one label each, the folder holds other data, or a training fails
     */
    Audited run() throws IOException {
        SparkSessions.requireSerializer(session);
        if (!(TaskDatas.of(config) instanceof ClassificationData)
                || config.classification().problemType() != ProblemType.SINGLE_LABEL_CLASSIFICATION
                || config.teacher().teaches()) {
            throw RunException.config("task: audit needs rows with one label each: use a run of task classification"
                    + " with problem_type single_label_classification and without a teacher");
        }
        Path to = new Path(AbsolutePaths.of("--output", options.output(), hadoop));
        AuditFolder folder = AuditFolder.open(
                to,
                new TreeMap<>(
                        Map.of("run", RunConfigLoader.toYaml(config), "folds", Integer.toString(options.folds()))),
                hadoop);
        Lease lease = Lease.ofCommand(to, hadoop);
        try {
            return audited(folder);
        } catch (RunException e) {
            throw e;
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the audit", e);
        } finally {
            lease.release(false);
        }
    }

    private Audited audited(AuditFolder folder) throws IOException {
        if (!folder.isWritten(folder.source())) {
            source().write().mode("overwrite").parquet(folder.source());
        }
        Dataset<Row> source = session.read().parquet(folder.source());
        List<String> labels = source.select("label").distinct().sort("label").collectAsList().stream()
                .map(row -> row.getString(0))
                .toList();
        if (labels.size() < 2) {
            throw RunException.data("data.train: an audit needs rows of at least two labels, found " + labels);
        }
        Map<Integer, String> failures = new ConcurrentSkipListMap<>();
        AtOnce.each(
                IntStream.range(0, options.folds()).boxed().toList(),
                options.together(),
                fold -> judge(folder, source, labels, fold),
                (fold, failure) -> failures.put(fold, failure.getMessage()));
        if (!failures.isEmpty()) {
            Map.Entry<Integer, String> first = failures.entrySet().iterator().next();
            throw RunException.failed(
                    failures.size() + " of " + options.folds() + " folds failed, the first one is fold "
                            + first.getKey() + ": " + first.getValue()
                            + "; start the same command again, finished folds stay",
                    null);
        }
        Dataset<Row> judged = session.read()
                .parquet(IntStream.range(0, options.folds())
                        .mapToObj(fold -> folder.fold(fold, "judged"))
                        .toArray(String[]::new));
        return ranked(folder, judged, labels);
    }

    /** Returns the usable rows of the training text, with their personal data, which the folds' runs redact. */
    private Dataset<Row> source() throws IOException {
        DataConfig data = config.data().withoutRedact();
        ClassificationData task = new ClassificationData(data, config.classification(), false);
        SourceFiles files = Sources.of(session, data, "data.train", Manifest.TRAIN, data.train());
        JavaRDD<Row> rows = new SourceReader(session, PrepareJob.tokenizer(config, hadoop), data)
                .read(files, task, true)
                .rdd()
                .filter(row -> row.badBecause() == null)
                .map(row -> RowFactory.create(
                        row.hash().toHex(),
                        group(row),
                        row.file(),
                        row.stratum(),
                        row.content().text(),
                        row.content().pair()));
        return session.createDataFrame(rows, SOURCE)
                .withColumn(
                        "fold",
                        pmod(xxhash64(lit("audit"), lit(data.seed()), col("group")), lit(options.folds()))
                                .cast(DataTypes.IntegerType));
    }

    /** Returns what rows of one fold have in common: their group, or else their content. */
    private static String group(CleanRow<?> row) {
        SplitKey key = row.splitKey();
        return key != null && key.kind() == SplitKey.Kind.GROUP
                ? Long.toString(key.group())
                : row.hash().toHex();
    }

    private void judge(AuditFolder folder, Dataset<Row> source, List<String> labels, int fold) throws IOException {
        String judged = folder.fold(fold, "judged");
        if (folder.isWritten(judged)) {
            return;
        }
        progress.accept("fold      " + (fold + 1) + " of " + options.folds());
        DataConfig data = config.data();
        String train = folder.fold(fold, "train");
        if (!folder.isWritten(train)) {
            List<Column> columns = new ArrayList<>(
                    List.of(col("text").as(data.text()), col("label").as(data.label())));
            if (data.textPair() != null) {
                columns.add(col("text_pair").as(data.textPair()));
            }
            source.where(col("fold").notEqual(fold))
                    .select(columns.toArray(Column[]::new))
                    .write()
                    .mode("overwrite")
                    .parquet(train);
        }
        RunConfig run = training(folder, fold);
        List<String> known = PrepareJob.run(session, run).labels();
        TrainJob.run(session, run, new Extent(Long.MAX_VALUE, options.together()), record -> {});
        Map<String, Column> inputs = new LinkedHashMap<>(Map.of(data.text(), col("text")));
        if (data.textPair() != null) {
            inputs.put(data.textPair(), col("text_pair"));
        }
        // A label without rows in the other folds has the probability 0.
        Column probabilities = array(labels.stream()
                .map(label -> known.contains(label)
                        ? col(MADE).getField("probabilities").getItem(known.indexOf(label))
                        : lit(0.0))
                .toArray(Column[]::new));
        FramePredictions.of(
                        source.where(col("fold").equalTo(fold)),
                        run,
                        inputs,
                        UUID.randomUUID().toString(),
                        MADE)
                .where(col(MADE).getField("error").isNull())
                .withColumn("probabilities", probabilities)
                .drop(MADE)
                .write()
                .mode("overwrite")
                .parquet(judged);
        folder.discard(folder.fold(fold, "run"));
        folder.discard(train);
    }

    /** Returns the run that trains on all folds but one. */
    private RunConfig training(AuditFolder folder, int fold) {
        return RunConfigLoader.with(
                config,
                "audit",
                List.of(
                        RunConfigLoader.override("data.train", folder.fold(fold, "train")),
                        "data.format=parquet",
                        "data.eval=null",
                        "data.test=null",
                        "data.held_out={}",
                        "data.eval_fraction=0",
                        "data.test_fraction=0",
                        "data.split_by=null",
                        "data.split_by_time=null",
                        "data.subject=null",
                        "data.subject_key_file=null",
                        "data.dir=null",
                        "training.eval_steps=0",
                        "training.early_stopping_patience=0",
                        "predict.coverage=0",
                        RunConfigLoader.override("training.run_name", config.runName() + "-fold-" + fold),
                        RunConfigLoader.override("output.dir", folder.fold(fold, "run"))));
    }

    private Audited ranked(AuditFolder folder, Dataset<Row> judged, List<String> labels) {
        double[] thresholds = thresholds(judged, labels);
        ConfidentLearning learning = new ConfidentLearning(thresholds);
        Column names = lit(labels.toArray(String[]::new));
        Column given = array_position(names, col("label")).minus(1).cast(DataTypes.IntegerType);
        Column probabilities = col("probabilities");
        Dataset<Row> scored = judged.withColumn("given", given)
                .withColumn(
                        "is_wrong",
                        udf(
                                        (UDF2<scala.collection.Seq<Double>, Integer, Boolean>)
                                                (row, label) -> learning.isWrong(doubles(row), label),
                                        DataTypes.BooleanType)
                                .apply(probabilities, col("given")))
                .withColumn(
                        "margin",
                        udf(
                                        (UDF2<scala.collection.Seq<Double>, Integer, Double>)
                                                (row, label) -> ConfidentLearning.margin(doubles(row), label),
                                        DataTypes.DoubleType)
                                .apply(probabilities, col("given")))
                .withColumn(
                        "other",
                        udf(
                                        (UDF2<scala.collection.Seq<Double>, Integer, Integer>)
                                                (row, label) -> ConfidentLearning.other(doubles(row), label),
                                        DataTypes.IntegerType)
                                .apply(probabilities, col("given")))
                .withColumn(
                        "probability", element_at(probabilities, col("given").plus(1)));
        Dataset<Row> kinds = related(folder, scored);
        Dataset<Row> columns = kinds.select(
                array_compact(array(
                                when(col("is_wrong"), WRONG),
                                when(size(col("equal_labels")).gt(1), CONFLICTING),
                                when(size(col("near_labels")).gt(size(col("equal_labels"))), NEAR_EQUAL)))
                        .as("kinds"),
                col("label"),
                element_at(names, col("other").plus(1)).as("suggested"),
                col("probability"),
                negate(log(col("probability"))).as("loss"),
                col("margin"),
                col("fold"),
                probabilities,
                col("file"),
                col("text"),
                col("text_pair"),
                col("hash"));
        Dataset<Row> sorted = columns.sort(
                col("probability").asc(), col("hash").asc(), col("label").asc());
        StructType type = new StructType().add("rank", DataTypes.LongType, false);
        for (var field : sorted.schema().fields()) {
            type = type.add(field);
        }
        JavaRDD<Row> numbered = sorted.javaRDD().zipWithIndex().map(row -> {
            Object[] values = new Object[row._1().size() + 1];
            values[0] = row._2() + 1;
            for (int i = 1; i < values.length; i++) {
                values[i] = row._1().get(i - 1);
            }
            return RowFactory.create(values);
        });
        String rows = folder.path(AuditFolder.ROWS);
        session.createDataFrame(numbered, type).write().mode("overwrite").parquet(rows);
        Audited result = result(session.read().parquet(rows), labels, thresholds);
        folder.finish(result);
        return result;
    }

    private static double[] doubles(scala.collection.Seq<Double> values) {
        double[] doubles = new double[values.size()];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = values.apply(i);
        }
        return doubles;
    }

    private static double[] thresholds(Dataset<Row> judged, List<String> labels) {
        Column[] means = IntStream.range(0, labels.size())
                .mapToObj(label -> avg(when(
                        col("label").equalTo(labels.get(label)),
                        col("probabilities").getItem(label))))
                .toArray(Column[]::new);
        Row row = judged.select(means).first();
        return IntStream.range(0, labels.size())
                .mapToDouble(label -> row.isNullAt(label) ? Double.POSITIVE_INFINITY : row.getDouble(label))
                .toArray();
    }

    /** Adds the labels of all rows with an equal text, and with a near-equal text. */
    private Dataset<Row> related(AuditFolder folder, Dataset<Row> rows) {
        CorpusConfig.NearDedup options = config.data().corpus().nearDedup();
        JavaRDD<HashedText> texts = rows.select("hash", "text", "text_pair")
                .dropDuplicates("hash")
                .javaRDD()
                .map(row -> new HashedText(
                        ContentHash.ofHex(row.getString(0)),
                        row.isNullAt(2) ? row.getString(1) : row.getString(1) + "\n" + row.getString(2)));
        String pairs = folder.path(NEAR_PAIRS);
        try (NearDuplicates found = NearDuplicates.find(
                session,
                texts,
                new NearDuplicates.Options(
                        options.ngram(),
                        options.bands(),
                        options.rows(),
                        options.threshold(),
                        config.data().seed()))) {
            JavaRDD<Row> near = found.removed()
                    .documents()
                    .map(pair -> RowFactory.create(pair._1().toHex(), pair._2().toHex()));
            session.createDataFrame(near, NEAR).write().mode("overwrite").parquet(pairs);
        }
        return rows.join(session.read().schema(NEAR).parquet(pairs), new String[] {"hash"}, "left")
                .withColumn("near", coalesce(col("near"), col("hash")))
                .withColumn("equal_labels", collect_set("label").over(Window.partitionBy("hash")))
                .withColumn("near_labels", collect_set("label").over(Window.partitionBy("near")));
    }

    private static Audited result(Dataset<Row> rows, List<String> labels, double[] thresholds) {
        Column kinds = col("kinds");
        return new Audited(
                rows.count(),
                rows.where(array_contains(kinds, WRONG)).count(),
                rows.where(array_contains(kinds, CONFLICTING)).count(),
                rows.where(array_contains(kinds, NEAR_EQUAL)).count(),
                (int) rows.select("fold").distinct().count(),
                labels,
                Arrays.stream(thresholds).boxed().toList(),
                rows.sort("rank").limit(SHOWN).collectAsList().stream()
                        .map(row -> new Audited.Doubt(
                                row.getAs("rank"),
                                row.getAs("label"),
                                row.getAs("suggested"),
                                row.getAs("probability"),
                                row.getAs("text")))
                        .toList());
    }
}
