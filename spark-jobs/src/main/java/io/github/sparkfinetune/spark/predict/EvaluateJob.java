package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.TaskRows;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures a trained model on a held-out split, and the base model too if the task measures it. As many tasks as ranks
 * compute the predictions. Each task writes its predictions part by part into {@code predictions.parquet} in the output
 * folder ({@code base-predictions.parquet} for the base model). After an interruption the same command reuses these
 * parts.
 *
 * <p>The metrics are counted from the files. The driver receives one array of counts, and the observations that some
 * metrics need ({@link Metrics} says how many bytes they take). {@link TaskSpec#evaluationColumns} lists the columns.
 */
public final class EvaluateJob {
    /** Folder of the trained model's predictions in the output folder. */
    static final String PREDICTIONS = "predictions.parquet";
    /** Folder of the base model's predictions. */
    static final String BASE_PREDICTIONS = "base-predictions.parquet";
    /** Number of answers in the report. */
    private static final int SHOWN = 8;
    /** Number of pairs of labels in the report, if there are many labels. */
    private static final int CONFUSED = 100;

    private static final Set<String> OWN_SPLITS = Set.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST);

    private static final Logger LOG = LoggerFactory.getLogger(EvaluateJob.class);

    private EvaluateJob() {}

    /**
     * Evaluates the model in the output folder on the test split, or on the evaluation split if the dataset has no test
     * split. Then evaluates it on each further held-out set of the dataset, with predictions in folders named after the
     * set.
     *
     * @return scores on the test or evaluation split, then the scores on the other sets in the order of the manifest
     * @throws RunException if there is no trained model or no such split, or if model and dataset do not fit
     */
    public static List<Scores> run(SparkSession session, RunConfig config) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration());
        Path dataset = new Path(resolved.dataset());
        try {
            Manifest manifest = Manifest.read(dataset, spark.hadoopConfiguration());
            Predictor.check(resolved, spark.hadoopConfiguration());
            if (References.areRead(resolved)) {
                References.require(
                                resolved,
                                manifest,
                                spark.hadoopConfiguration(),
                                LocalDirs.first(SparkEnv.get()),
                                () -> {})
                        .close();
            }
            TokenizerFiles tokenizer = TaskDatas.tokenizer(
                    new Path(resolved.output().model()),
                    resolved,
                    Architectures::positions,
                    spark.hadoopConfiguration());
            manifest.requireSameProblem(
                    dataset, resolved.task(), TaskDatas.of(resolved).options(tokenizer));
            List<String> splits = new ArrayList<>(List.of(heldOut(manifest, dataset)));
            manifest.samples().splits().keySet().stream()
                    .filter(split -> !OWN_SPLITS.contains(split))
                    .forEach(splits::add);
            return measure(session, resolved, manifest, splits);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the evaluation", e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    private static String heldOut(Manifest manifest, Path dataset) {
        for (String split : List.of(Manifest.TEST, Manifest.EVAL)) {
            if (manifest.samples().splits().containsKey(split)) {
                return split;
            }
        }
        throw RunException.config(dataset + " has neither test nor eval rows to evaluate on: set data.test_fraction"
                + " and prepare it again");
    }

    /**
     * Evaluates one model after the other on all splits, so that each model is loaded once.
     *
     * @param splits the run's own held-out split first; the report shows rows of this split
     */
    private static List<Scores> measure(SparkSession session, RunConfig config, Manifest manifest, List<String> splits)
            throws IOException {
        String command = ModelTask.newCommand();
        List<Dataset<Row>> trained =
                predictions(session, config, ModelTask.Which.TRAINED, command, manifest, splits, PREDICTIONS);
        List<Dataset<Row>> base = TaskSpecs.of(config).measuresBase()
                ? predictions(session, config, ModelTask.Which.BASE, command, manifest, splits, BASE_PREDICTIONS)
                : List.of();
        List<Scores> scores = new ArrayList<>();
        for (int i = 0; i < splits.size(); i++) {
            Dataset<Row> other = base.isEmpty() ? null : base.get(i);
            scores.add(scores(config, manifest, splits.get(i), trained.get(i), other, i == 0));
        }
        return scores;
    }

    /** @param base predictions of the base model, or null if it is not measured */
    private static Scores scores(
            RunConfig config, Manifest manifest, String split, Dataset<Row> trained, Dataset<Row> base, boolean own) {
        TaskSpec spec = TaskSpecs.of(config);
        Metrics metrics = metrics(config, trained, manifest.samples().labels());
        if (base == null) {
            return ofPredictions(spec, manifest, split, trained, metrics)
                    .with(spec.exampleColumns()
                            .filter(columns -> own)
                            .map(columns -> ShownExamples.of(columns, spec.keyColumns(), trained))
                            .orElse(List.of()));
        }
        return Scores.ofText(
                split,
                metrics.values(),
                metrics(config, base, manifest.samples().labels()).values(),
                own ? answers(spec, trained, base) : List.of());
    }

    private static Scores ofPredictions(
            TaskRows spec, Manifest manifest, String split, Dataset<Row> predictions, Metrics metrics) {
        if (metrics.confusion().length > 0) {
            return Scores.ofLabels(split, metrics.values(), manifest.samples().labels(), metrics.confusion());
        }
        Optional<ExampleColumns> columns = spec.exampleColumns()
                .filter(names ->
                        predictions.schema().apply(names.expected()).dataType().equals(DataTypes.StringType));
        return columns.isPresent() && !metrics.byLabel().isEmpty()
                ? Scores.ofManyLabels(split, metrics.values(), metrics.byLabel(), confused(columns.get(), predictions))
                : Scores.ofFigures(split, metrics.values(), metrics.byLabel());
    }

    /** Returns the most frequent pairs of a label and a different predicted label. */
    static List<Scores.Confused> confused(ExampleColumns columns, Dataset<Row> predictions) {
        Column label = functions.col(columns.expected());
        Column predicted = functions.col(columns.predicted());
        return predictions
                .where(label.notEqual(predicted))
                .groupBy(label, predicted)
                .count()
                .orderBy(functions.col("count").desc(), label, predicted)
                .limit(CONFUSED)
                .collectAsList()
                .stream()
                .map(row -> new Scores.Confused(row.getString(0), row.getString(1), row.getLong(2)))
                .toList();
    }

    /**
     * @param folder folder of the first split's rows; the other folders have the name of their split before the ending
     */
    private static List<Dataset<Row>> predictions(
            SparkSession session,
            RunConfig config,
            ModelTask.Which which,
            String command,
            Manifest manifest,
            List<String> splits,
            String folder)
            throws IOException {
        List<Dataset<Row>> all = new ArrayList<>();
        for (String split : splits) {
            String name = all.isEmpty() ? folder : folder.replace(".parquet", "-" + split + ".parquet");
            all.add(predictions(session, config, which, command, manifest, split, name));
        }
        return all;
    }

    /**
     * Computes the rows of a model and writes them.
     *
     * @param name name of the Parquet folder in the output folder
     * @return the written rows
     */
    private static Dataset<Row> predictions(
            SparkSession session,
            RunConfig config,
            ModelTask.Which which,
            String command,
            Manifest manifest,
            String split,
            String name)
            throws IOException {
        int tasks = (int) Math.min(
                config.compute().cluster().ranks(), manifest.split(split).rows());
        ModelTask model = ModelTask.of(session.sparkContext(), config, which, command, tasks);
        List<io.github.sparkfinetune.core.task.Column> columns =
                TaskSpecs.of(config).evaluationColumns();
        session.sparkContext().setJobDescription("evaluate: " + name);
        String folder = config.output().dir() + "/" + name;
        EvaluatedParts parts = EvaluatedParts.of(model, manifest, split, folder, tasks);
        RowFolder written =
                new RowFolder(new Path(folder), columns, session.sparkContext().hadoopConfiguration());
        written.clear(parts.parts(), Set.of());
        JavaRDD<Integer> computed = new JavaSparkContext(session.sparkContext())
                .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                .mapPartitions(parts);
        int missing = model.placement().place(computed.rdd()).toJavaRDD().reduce(Integer::sum);
        if (missing < parts.parts()) {
            LOG.info("{} of {} parts of {} exist already", parts.parts() - missing, parts.parts(), folder);
        }
        written.finish();
        return session.read().schema(Rows.schema(columns)).parquet(folder);
    }

    /**
     * Returns the metrics of predictions.
     *
     * @param config configuration of the run that predicted
     * @param labels names of the dataset's labels by id
     */
    static Metrics metrics(RunConfig config, Dataset<Row> predictions, List<String> labels) {
        Metrics empty = TaskSpecs.of(config).metrics(Collections.emptyIterator(), labels);
        double[][] whole = columns(predictions, TaskSpecs.of(config).metricColumns())
                .toJavaRDD()
                .map(Rows::values)
                .mapPartitions(rows -> Collections.singleton(
                                numbers(TaskSpecs.of(config).metrics(rows, labels)))
                        .iterator())
                // The last sum is also computed on an executor, so that the driver gets one result instead of one per
                // partition.
                .treeAggregate(
                        numbers(empty),
                        (a, b) -> merged(config, labels, a, b),
                        (a, b) -> merged(config, labels, a, b),
                        2,
                        true);
        return empty.of(whole[0], whole[1]);
    }

    private static double[][] numbers(Metrics metrics) {
        return new double[][] {metrics.counts(), metrics.observations()};
    }

    private static double[][] merged(RunConfig config, List<String> labels, double[][] a, double[][] b) {
        return numbers(TaskSpecs.of(config)
                .metrics(Collections.emptyIterator(), labels)
                .ofParts(List.of(a[0], b[0]), List.of(a[1], b[1])));
    }

    /** Returns the first answers of both models to the same prompts. */
    private static List<Scores.Answer> answers(TaskRows spec, Dataset<Row> trained, Dataset<Row> base) {
        if (spec.answerColumns().isEmpty()) {
            return List.of();
        }
        List<Row> trainedRows = shown(spec, trained);
        List<Row> baseRows = shown(spec, base);
        List<Scores.Answer> answers = new ArrayList<>();
        for (int i = 0; i < trainedRows.size(); i++) {
            Row row = trainedRows.get(i);
            answers.add(new Scores.Answer(
                    row.getString(0),
                    row.getString(1),
                    row.getString(2),
                    baseRows.get(i).getString(2)));
        }
        return answers;
    }

    private static List<Row> shown(TaskRows spec, Dataset<Row> predictions) {
        String generated = spec.answerColumns().get(2);
        Dataset<Row> first = predictions
                .where(functions.col(generated).isNotNull())
                .orderBy(spec.keyColumns().stream().map(functions::col).toArray(Column[]::new))
                .limit(SHOWN);
        return columns(first, spec.answerColumns()).collectAsList();
    }

    private static Dataset<Row> columns(Dataset<Row> rows, List<String> names) {
        return rows.select(names.stream().map(functions::col).toArray(Column[]::new));
    }
}
