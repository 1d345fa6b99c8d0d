package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.job.session.SessionRun;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import io.github.sparkfinetune.spark.source.NamedRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.BooleanParam;
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

/**
 * Estimator of Spark ML that fine-tunes a model on a DataFrame. It prepares the rows, trains on them and evaluates as
 * the commands of the same names do. Each fit has its own folder in {@code outputDir}, which is a folder of a run, with
 * metrics and a report, and is named by the rows and the settings. So the same fit again resumes from the newest
 * checkpoint, and after its end returns the same model at once.
 *
 * @param <S> subclass
 * @param <M> model that a fit returns
 */
public abstract class Trainer<S extends Trainer<S, M>, M extends TrainedModel<M>> extends Estimator<M>
        implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    /** Digits of the hash in a folder's name. */
    private static final int HASH_DIGITS = 8;

    /** Value of {@code loraTargetModules} that is no module's name. */
    private static final String[] ALL_LINEAR = {ModuleNames.ALL_LINEAR};

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
    private final Param<String> validationIndicatorCol;
    private final IntParam loraR;
    private final DoubleParam loraAlpha;
    private final DoubleParam loraDropout;
    private final StringArrayParam loraTargetModules;
    private final BooleanParam useRslora;
    private final StringArrayParam settings;

    private record Source(SparkSession session, String view) {}

    /**
     * Rows of a fit for one purpose.
     *
     * @param key key of the run that names them
     */
    private record Part(String key, String view, Dataset<Row> rows) {}

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
        validationIndicatorCol = new Param<>(
                this,
                "validationIndicatorCol",
                "column that is true for rows to evaluate on, which are not trained on; unset: no evaluation");
        loraR = new IntParam(this, "loraR", "rank of the adapters of lora and qlora");
        loraAlpha = new DoubleParam(this, "loraAlpha", "numerator of the adapters' scale, loraAlpha / loraR");
        loraDropout = new DoubleParam(this, "loraDropout", "dropout probability of the adapters' input");
        loraTargetModules = new StringArrayParam(
                this, "loraTargetModules", "names of the linears that get an adapter, or all-linear alone");
        useRslora = new BooleanParam(this, "useRslora", "whether the scale is loraAlpha / sqrt(loraR)");
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

    public final Param<String> validationIndicatorCol() {
        return validationIndicatorCol;
    }

    public final IntParam loraR() {
        return loraR;
    }

    public final DoubleParam loraAlpha() {
        return loraAlpha;
    }

    public final DoubleParam loraDropout() {
        return loraDropout;
    }

    public final StringArrayParam loraTargetModules() {
        return loraTargetModules;
    }

    public final BooleanParam useRslora() {
        return useRslora;
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

    public final S setValidationIndicatorCol(String value) {
        return with(validationIndicatorCol, value);
    }

    public final S setLoraR(int value) {
        return with(loraR, value);
    }

    public final S setLoraAlpha(double value) {
        return with(loraAlpha, value);
    }

    public final S setLoraDropout(double value) {
        return with(loraDropout, value);
    }

    public final S setLoraTargetModules(String... values) {
        return with(loraTargetModules, values);
    }

    public final S setUseRslora(boolean value) {
        return with(useRslora, value);
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
     * Prepares the rows, trains on them and, with {@code validationIndicatorCol}, evaluates. Shows the progress on
     * standard error.
     *
     * @throws RunException if parameters, rows and model do not fit, or the training failed
     */
    @Override
    public final M fit(Dataset<?> dataset) {
        return fit(dataset, SessionRun::onConsole);
    }

    /** Returns a fit that another thread can follow. */
    public final FollowedFit<M> follow(Dataset<?> dataset) {
        return new FollowedFit<>(steps -> fit(dataset, steps));
    }

    private M fit(Dataset<?> dataset, FollowedFit.Steps steps) {
        transformSchema(dataset.schema());
        return withRun(dataset, run -> {
            steps.of(dataset.sparkSession(), run).step("fit", Map.of());
            return model(run, dataset);
        });
    }

    /** Returns the model of a run of this stage. */
    final M model(RunConfig run, Dataset<?> dataset) {
        return copyValues(trained(run, dataset).setParent(this), ParamMap.empty());
    }

    /** Work of a fit. */
    interface Work<T> {
        T on(RunConfig run) throws IOException;
    }

    /** Does the work with the run on the rows. The run's sources exist until the work of all equal fits ends. */
    final <T> T withRun(Dataset<?> dataset, Work<T> work) {
        SparkSession session = dataset.sparkSession();
        Dataset<Row> rows = rows(dataset);
        String name = "fit_" + sameName(rows);
        List<Part> parts = parts(name, rows);
        parts.forEach(part -> SOURCES.compute(new Source(session, part.view()), (key, users) -> {
            part.rows().createOrReplaceTempView(part.view());
            return users == null ? 1 : users + 1;
        }));
        try {
            return work.on(run(session, name, parts));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            parts.forEach(part -> SOURCES.computeIfPresent(new Source(session, part.view()), (key, users) -> {
                if (users > 1) {
                    return users - 1;
                }
                session.catalog().dropTempView(part.view());
                return null;
            }));
        }
    }

    private List<Part> parts(String name, Dataset<Row> rows) {
        if (!isDefined(validationIndicatorCol)) {
            return List.of(new Part("data.train", name, rows));
        }
        Column held = functions.coalesce(col(getOrDefault(validationIndicatorCol)), functions.lit(false));
        return List.of(
                new Part("data.train", name + "_train", rows.filter(functions.not(held))),
                new Part("data.eval", name + "_eval", rows.filter(held)));
    }

    /**
     * Returns a name of rows that are the same each time they are read.
     *
     * @throws RunException if they are not: neither would the same fit find its folder again
     */
    private String sameName(Dataset<Row> rows) {
        String name = NamedRows.name(rows);
        if (!NamedRows.name(rows).equals(name)) {
            throw RunException.data(uid + ": the DataFrame had other rows when it was read again: check that nothing"
                    + " writes to its source and that no function in it is random; cache it, or fit on a table");
        }
        return name;
    }

    private RunConfig run(SparkSession session, String rows, List<Part> parts) {
        List<String> all = new ArrayList<>(taskSettings());
        all.add(RunSettings.setting("model", RunSettings.required(this, model)));
        parts.forEach(part -> all.add(RunSettings.setting(part.key(), "table:" + part.view())));
        all.add("data.eval_fraction=0.0");
        keys().forEach((key, param) -> {
            if (isDefined(param)) {
                Object value = getOrDefault(param);
                boolean isWord = value instanceof String[] names && Arrays.equals(names, ALL_LINEAR);
                all.add(RunSettings.setting(key, isWord ? ALL_LINEAR[0] : value));
            }
        });
        List<String> further = Arrays.asList(getOrDefault(settings));
        String name = rows + "_" + hash(Stream.concat(all.stream(), further.stream()));
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
        return Map.ofEntries(
                Map.entry("method.type", method),
                Map.entry("method.r", loraR),
                Map.entry("method.lora_alpha", loraAlpha),
                Map.entry("method.lora_dropout", loraDropout),
                Map.entry("method.target_modules", loraTargetModules),
                Map.entry("method.use_rslora", useRslora),
                Map.entry("training.learning_rate", learningRate),
                Map.entry("training.num_train_epochs", numTrainEpochs),
                Map.entry("training.per_device_train_batch_size", perDeviceTrainBatchSize),
                Map.entry("data.max_length", maxLength),
                Map.entry("cluster.ranks", ranks),
                Map.entry("training.seed", seed));
    }

    @Override
    public final StructType transformSchema(StructType schema) {
        if (isDefined(validationIndicatorCol)) {
            ColumnKind.INDICATOR.require(this, validationIndicatorCol, schema);
        }
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
