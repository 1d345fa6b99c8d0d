package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListeners;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.source.NamedRows;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Estimator of Spark ML that fine-tunes a model on a DataFrame. It prepares the rows and trains on them as
 * {@code finetune prepare} and {@code finetune train} do. Each fit has its own folder in {@code outputDir}, which is a
 * folder of a run and is named by the rows and the settings. So the same fit again resumes from the newest checkpoint;
 * after the end of the training its model is the same.
 *
 * @param <S> subclass
 * @param <M> model that a fit returns
 */
public abstract class Trainer<S extends Trainer<S, M>, M extends TrainedModel<M>> extends Estimator<M>
        implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

    /** Digits of the hash in a folder's name. */
    private static final int HASH_DIGITS = 8;

    /** Numbers of fits that read a view now. */
    private static final Map<Source, Integer> SOURCES = new ConcurrentHashMap<>();

    /** Placeholder for the prediction, where only the types of columns are needed. */
    static final Column NONE = functions.lit(null);

    private final String uid;
    private final Param<String> model;
    private final Param<String> outputDir;
    private final Param<String> labelCol;
    private final Param<String> predictionCol;
    private final Param<String> method;
    private final DoubleParam learningRate;
    private final IntParam numTrainEpochs;
    private final IntParam perDeviceTrainBatchSize;
    private final IntParam maxLength;
    private final IntParam ranks;
    private final LongParam seed;
    private final StringArrayParam settings;

    private record Source(SparkSession session, String view) {}

    Trainer(String uid) {
        // Params read the uid when they are created.
        this.uid = uid;
        model = new Param<>(this, "model", "folder of a model in Hugging Face layout, or hub:ORG/NAME");
        outputDir = new Param<>(this, "outputDir", "folder in which each fit has its own folder of a run");
        labelCol = new Param<>(this, "labelCol", "column of the labels");
        predictionCol = new Param<>(this, "predictionCol", "column of the prediction");
        method = new Param<>(this, "method", "full, freeze, lora or qlora");
        learningRate = new DoubleParam(this, "learningRate", "peak learning rate");
        numTrainEpochs = new IntParam(this, "numTrainEpochs", "passes over the rows");
        perDeviceTrainBatchSize = new IntParam(this, "perDeviceTrainBatchSize", "samples of a rank in a micro-batch");
        maxLength = new IntParam(this, "maxLength", "most tokens of a sample");
        ranks = new IntParam(this, "ranks", "barrier tasks that train together");
        seed = new LongParam(this, "seed", "seed of all random numbers");
        settings =
                new StringArrayParam(this, "settings", "further settings of the run: section.key=value, as for --set");
        setDefault(predictionCol, "prediction");
        setDefault(settings, new String[0]);
    }

    @Override
    public final String uid() {
        return uid;
    }

    public final Param<String> model() {
        return model;
    }

    public final Param<String> outputDir() {
        return outputDir;
    }

    public final Param<String> labelCol() {
        return labelCol;
    }

    public final Param<String> predictionCol() {
        return predictionCol;
    }

    public final Param<String> method() {
        return method;
    }

    public final DoubleParam learningRate() {
        return learningRate;
    }

    public final IntParam numTrainEpochs() {
        return numTrainEpochs;
    }

    public final IntParam perDeviceTrainBatchSize() {
        return perDeviceTrainBatchSize;
    }

    public final IntParam maxLength() {
        return maxLength;
    }

    public final IntParam ranks() {
        return ranks;
    }

    public final LongParam seed() {
        return seed;
    }

    public final StringArrayParam settings() {
        return settings;
    }

    public final S setModel(String value) {
        return with(model, value);
    }

    public final S setOutputDir(String value) {
        return with(outputDir, value);
    }

    public final S setLabelCol(String value) {
        return with(labelCol, value);
    }

    public final S setPredictionCol(String value) {
        return with(predictionCol, value);
    }

    public final S setMethod(String value) {
        return with(method, value);
    }

    public final S setLearningRate(double value) {
        return with(learningRate, value);
    }

    public final S setNumTrainEpochs(int value) {
        return with(numTrainEpochs, value);
    }

    public final S setPerDeviceTrainBatchSize(int value) {
        return with(perDeviceTrainBatchSize, value);
    }

    public final S setMaxLength(int value) {
        return with(maxLength, value);
    }

    public final S setRanks(int value) {
        return with(ranks, value);
    }

    public final S setSeed(long value) {
        return with(seed, value);
    }

    /**
     * Sets further keys of the run, each as {@code section.key=value}. They take precedence over the other parameters.
     */
    public final S setSettings(String... values) {
        return with(settings, values);
    }

    @SuppressWarnings("unchecked")
    final <T> S with(Param<T> param, T value) {
        set(param, value);
        return (S) this;
    }

    /** Returns the settings of the subclass: its task, and the names of its columns. */
    abstract List<String> taskSettings();

    /** Returns the rows to prepare. */
    Dataset<Row> rows(Dataset<?> dataset) {
        return dataset.toDF();
    }

    /** Returns the model of a run's folder. */
    abstract M trained(RunConfig run, Dataset<?> dataset);

    /**
     * Prepares the rows and trains on them.
     *
     * @throws RunException if parameters, rows and model do not fit, or the training failed
     */
    @Override
    public final M fit(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        return withRun(dataset, run -> {
            train(dataset.sparkSession(), run, Extent.REST);
            return model(run, dataset);
        });
    }

    /** Returns the model of a run of this stage. */
    final M model(RunConfig run, Dataset<?> dataset) {
        return copyValues(trained(run, dataset).setParent(this), ParamMap.empty());
    }

    /** Does the work with the run on the rows. The run's source exists until the work of all equal fits ends. */
    final <T> T withRun(Dataset<?> dataset, Function<RunConfig, T> work) {
        SparkSession session = dataset.sparkSession();
        Dataset<Row> rows = rows(dataset);
        String view = "fit_" + NamedRows.name(rows);
        Source source = new Source(session, view);
        SOURCES.compute(source, (key, users) -> {
            rows.createOrReplaceTempView(view);
            return users == null ? 1 : users + 1;
        });
        try {
            return work.apply(run(session, view));
        } finally {
            SOURCES.computeIfPresent(source, (key, users) -> {
                if (users > 1) {
                    return users - 1;
                }
                session.catalog().dropTempView(view);
                return null;
            });
        }
    }

    /** Prepares the rows of a run and trains on them. */
    static void train(SparkSession session, RunConfig run, Extent extent) {
        TrainJob.check(session, run);
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        try (RunListeners listeners = RunListeners.open(new CommandOnRun(
                run, hadoop, System.getenv(), Map.of(), true, List.of(), line -> LOG.info("{}", line)))) {
            PrepareJob.run(session, run);
            PlanJob.newWeights(run, hadoop).forEach(LOG::warn);
            listeners.add(TrainJob.run(session, run, extent, listeners::add));
            listeners.finished(List.of("run.yaml"));
        }
    }

    private RunConfig run(SparkSession session, String view) {
        List<String> all = new ArrayList<>(taskSettings());
        all.add(RunSettings.setting("model", RunSettings.required(this, model)));
        all.add(RunSettings.setting("data.train", "table:" + view));
        all.add("data.eval_fraction=0.0");
        keys().forEach((key, param) -> {
            if (isDefined(param)) {
                all.add(RunSettings.setting(key, getOrDefault(param)));
            }
        });
        List<String> further = Arrays.asList(getOrDefault(settings));
        String name = view + "_" + hash(Stream.concat(all.stream(), further.stream()));
        all.add(RunSettings.setting("output.dir", RunSettings.required(this, outputDir) + "/" + name));
        all.addAll(further);
        return RunSettings.run(session, this, all);
    }

    /** Returns a hash of the settings in hexadecimal digits, of which the last one with a key counts. */
    private static String hash(Stream<String> settings) {
        Map<String, String> byKey = new TreeMap<>();
        settings.forEach(setting -> byKey.put(setting.split("=", 2)[0], setting));
        return Sha256.of(String.join("\n", byKey.values()).getBytes(StandardCharsets.UTF_8))
                .substring(0, HASH_DIGITS);
    }

    /** Returns the parameters that set keys of the run, by key. */
    private Map<String, Param<?>> keys() {
        return Map.of(
                "method.type", method,
                "training.learning_rate", learningRate,
                "training.num_train_epochs", numTrainEpochs,
                "training.per_device_train_batch_size", perDeviceTrainBatchSize,
                "data.max_length", maxLength,
                "cluster.ranks", ranks,
                "training.seed", seed);
    }

    @Override
    public final StructType transformSchema(StructType schema) {
        return outputs(schema).schema(schema);
    }

    /**
     * Returns the columns of the fitted model that the trainer has parameters for.
     *
     * @throws RunException if a column that is read does not exist or has another type
     */
    abstract Outputs outputs(StructType schema);

    @Override
    public final S copy(ParamMap extra) {
        return this.<S>defaultCopy(extra);
    }
}
