package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.predict.ReferenceFile;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.calibrate.CalibrationRows;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.row.Rows;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures a trained model on a held-out split, and the base model too if the task measures it. As many tasks as ranks
 * compute the predictions. Each task writes its predictions part by part into {@code predictions.parquet} in the output
 * folder ({@code base-predictions.parquet} for the base model). After an interruption the same command reuses these
 * parts.
 *
 * <p>The metrics are counted from the files. The driver receives one array of counts, and the observations that some
 * metrics need ({@link Metrics} says how many bytes they take). {@link TaskSpec#evaluationRows} lists the columns.
 */
public final class EvaluateJob {
    /** Folder of the trained model's predictions in the output folder. */
    static final String PREDICTIONS = "predictions.parquet";
    /** Folder of the base model's predictions. */
    static final String BASE_PREDICTIONS = "base-predictions.parquet";

    /** Digits of the hash in the name of other rows. */
    private static final int NAME_DIGITS = 8;

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
        return run(session, config, Optional.empty());
    }

    /**
     * Evaluates the model again, from the beginning, and changes nothing of the run.
     *
     * @param folder new folder for the predictions
     * @return as {@link #run}
     */
    public static List<Scores> again(SparkSession session, RunConfig config, Path folder) {
        return run(session, config, Optional.of(folder));
    }

    /**
     * Evaluates the model in the output folder on other rows, which have the columns of its training text. Equal rows
     * count each. The run does not change.
     *
     * @param source the rows, as the {@code data} section reads them
     * @param folder folder of the rows' samples and predictions, which the same call uses again
     * @throws RunException if the rows or the model cannot be used, or the metrics need answers of the reference model
     */
    public static Scores ofRows(SparkSession session, RunConfig config, String source, Path folder) {
        if (References.areRead(config)) {
            throw RunException.config(
                    "a model of task " + config.task().configName() + " is measured beside the answers"
                            + " of its reference model, which train asks for: name the rows as data.test, and prepare and train"
                            + " again");
        }
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        RunConfig measuring = measuring(
                session, RunPaths.resolve(config, session.sparkContext().master(), hadoop), source, folder);
        try {
            Predictor.check(measuring, hadoop);
            List<String> labels = TaskSpecs.of(measuring)
                    .labels(HfConfig.read(new Path(measuring.output().model()), hadoop))
                    .names();
            PrepareJob.measured(session, measuring, labels);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return again(session, measuring, folder).get(0);
    }

    /** Returns a run whose dataset has only the rows of a source. */
    private static RunConfig measuring(SparkSession session, RunConfig run, String source, Path folder) {
        RunConfig of = RunConfigLoader.with(
                run,
                "--input",
                List.of(
                        RunConfigLoader.override("data.test", source),
                        "data.eval=null",
                        "data.held_out={}",
                        "data.eval_fraction=0",
                        "data.test_fraction=0",
                        "data.split_by=null",
                        "data.split_by_time=null",
                        "data.incremental=false",
                        "data.generation=null",
                        "data.deduplicate=false",
                        "data.strict=false",
                        "data.subject=null",
                        "data.subject_key_file=null",
                        "data.corpus.sources=[]",
                        "data.corpus.quarantine=null",
                        "predict.coverage=0"));
        // Other rows, or rows that changed, are another dataset.
        Manifest.Source files =
                Sources.of(session, of.data(), "--input", Manifest.TEST, source).toManifest();
        String name =
                Sha256.of(files.toString().getBytes(StandardCharsets.UTF_8)).substring(0, NAME_DIGITS);
        String dataset = new Path(folder, "rows-" + name).toString();
        return RunConfigLoader.with(of, "--input", List.of(RunConfigLoader.override("data.dir", dataset)));
    }

    /**
     * Refuses a run whose dataset has no rows to evaluate on, before a training whose model could not be measured.
     *
     * @throws RunException if {@link #run} would refuse the dataset for its splits
     */
    public static void requireHeldOut(SparkSession session, RunConfig config) {
        SparkContext spark = session.sparkContext();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration());
        Path dataset = new Path(resolved.dataset());
        try {
            Manifest manifest = Manifest.of(resolved, spark.hadoopConfiguration());
            requireSplits(resolved, manifest, dataset);
            heldOut(manifest, dataset);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param apart folder for the predictions, in place of the output folder */
    private static List<Scores> run(SparkSession session, RunConfig config, Optional<Path> apart) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration());
        Path dataset = new Path(resolved.dataset());
        try {
            Manifest manifest = Manifest.of(resolved, spark.hadoopConfiguration());
            Predictor.check(resolved, spark.hadoopConfiguration());
            requireSplits(resolved, manifest, dataset);
            Optional<ReferenceFile> references = ReferenceFile.evaluated(resolved, manifest);
            if (references.isPresent()) {
                References.require(
                                references.get(),
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
            manifest.splits().keySet().stream()
                    .filter(split -> !OWN_SPLITS.contains(split))
                    .forEach(splits::add);
            return measure(session, resolved, manifest, splits, apart);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the evaluation", e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    /**
     * Compares predictions of the first samples of the split that {@link #run} evaluates with predictions in F32.
     *
     * @return the agreement; empty unless {@code predict.precision} quantises
     */
    public static Optional<Agreement> agreement(SparkSession session, RunConfig config) {
        if (!config.predict().precision().isQuantized()) {
            return Optional.empty();
        }
        SparkContext spark = session.sparkContext();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration());
        Path dataset = new Path(resolved.dataset());
        try {
            Manifest manifest = Manifest.of(resolved, spark.hadoopConfiguration());
            ModelTask model = ModelTask.of(spark, resolved, ModelTask.Which.TRAINED, ModelTask.newCommand(), 1);
            return AgreementTask.ofSamples(model, manifest, heldOut(manifest, dataset), new JavaSparkContext(spark));
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the comparison with fp32", e);
        }
    }

    private static String heldOut(Manifest manifest, Path dataset) {
        for (String split : List.of(Manifest.TEST, Manifest.EVAL)) {
            if (manifest.splits().containsKey(split)) {
                return split;
            }
        }
        throw RunException.config(dataset + " has neither test nor eval rows to evaluate on: set data.test_fraction"
                + " and prepare it again, or train without an evaluation by finetune train");
    }

    /**
     * Evaluates one model after the other on all splits, so that each model is loaded once.
     *
     * @param splits the run's own held-out split first; the report shows rows of this split
     * @param apart folder for the predictions; then the model's calibration is not written
     */
    private static List<Scores> measure(
            SparkSession session, RunConfig config, Manifest manifest, List<String> splits, Optional<Path> apart)
            throws IOException {
        String command = ModelTask.newCommand();
        Path output = apart.orElse(new Path(config.output().dir()));
        List<Dataset<Row>> trained = predictions(
                session, config, ModelTask.Which.TRAINED, command, manifest, splits, new Path(output, PREDICTIONS));
        List<Dataset<Row>> base = TaskSpecs.of(config).measuresBase()
                ? predictions(
                        session,
                        config,
                        ModelTask.Which.BASE,
                        command,
                        manifest,
                        splits,
                        new Path(output, BASE_PREDICTIONS))
                : List.of();
        List<Scores> scores = new ArrayList<>();
        for (int i = 0; i < splits.size(); i++) {
            Dataset<Row> other = base.isEmpty() ? null : base.get(i);
            scores.add(PredictionScores.of(config, manifest, splits.get(i), trained.get(i), other, i == 0));
        }
        if (config.predict().hasSets()) {
            List<String> labels = manifest.labels();
            Path rows = folder(new Path(output, PREDICTIONS), Manifest.EVAL);
            Calibration calibration = CalibrationRows.of(
                            predictions(
                                    session, config, ModelTask.Which.TRAINED, command, manifest, Manifest.EVAL, rows),
                            labels)
                    .calibration();
            if (apart.isEmpty()) {
                Path file = new Path(config.output().model(), Calibration.FILE);
                HadoopFiles.writeWhole(
                        HadoopFiles.fileSystem(file, session.sparkContext().hadoopConfiguration()),
                        file,
                        calibration.json());
            }
            scores.set(
                    0,
                    scores.get(0)
                            .with(CalibrationRows.of(trained.get(0), labels).measured(calibration, config.predict())));
        }
        return scores;
    }

    /** Returns the folder of a split's rows, beside that of the run's own held-out split. */
    private static Path folder(Path own, String split) {
        return new Path(own.getParent(), own.getName().replace(".parquet", "-" + split + ".parquet"));
    }

    /** Refuses a dataset without rows to calibrate on or rows to measure on, for a run whose labels have sets. */
    private static void requireSplits(RunConfig config, Manifest manifest, Path dataset) {
        List<String> needed = config.predict().hasSets() ? List.of(Manifest.EVAL, Manifest.TEST) : List.of();
        for (String split : needed) {
            if (!manifest.splits().containsKey(split)) {
                throw RunException.config("predict.coverage: " + dataset + " has no " + split + " rows: the model is"
                        + " calibrated on eval rows and measured on test rows, set data." + split
                        + "_fraction and prepare it again");
            }
        }
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
            Path folder)
            throws IOException {
        List<Dataset<Row>> all = new ArrayList<>();
        for (String split : splits) {
            Path rows = all.isEmpty() ? folder : folder(folder, split);
            all.add(predictions(session, config, which, command, manifest, split, rows));
        }
        return all;
    }

    /**
     * Computes the rows of a model and writes them.
     *
     * @param rows Parquet folder
     * @return the written rows
     */
    private static Dataset<Row> predictions(
            SparkSession session,
            RunConfig config,
            ModelTask.Which which,
            String command,
            Manifest manifest,
            String split,
            Path rows)
            throws IOException {
        int tasks =
                (int) Math.min(config.cluster().ranks(), manifest.split(split).rows());
        ModelTask model = ModelTask.of(session.sparkContext(), config, which, command, tasks);
        RowType<?> type = TaskSpecs.of(config).evaluationRows();
        session.sparkContext().setJobDescription("evaluate: " + rows.getName());
        String folder = rows.toString();
        EvaluatedParts parts = EvaluatedParts.of(model, manifest, split, folder, tasks);
        RowFolder written = new RowFolder(rows, type, session.sparkContext().hadoopConfiguration());
        written.clear(parts.parts(), Set.of());
        JavaRDD<Integer> computed = new JavaSparkContext(session.sparkContext())
                .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                .mapPartitions(parts);
        int missing = model.placement().place(computed.rdd()).toJavaRDD().reduce(Integer::sum);
        if (missing < parts.parts()) {
            LOG.info("{} of {} parts of {} exist already", parts.parts() - missing, parts.parts(), folder);
        }
        written.finish();
        return session.read().schema(Rows.schema(type)).parquet(folder);
    }
}
