package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.predict.table.PredictionTable;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.row.Rows;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.RowFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Predicts raw rows with a trained model: labels of texts, or answers to prompts. Rows are read, cleaned and tokenized
 * as for training, and the predictions are written as Parquet in the order of the source. No row passes through the
 * driver.
 *
 * <p>{@link TaskSpec#predictionRows} lists the columns. A part is a partition of the source. After an interruption the
 * same command predicts the missing parts.
 */
public final class PredictJob {
    private static final Logger LOG = LoggerFactory.getLogger(PredictJob.class);

    private PredictJob() {}

    /**
     * Predicts every row of {@code input} with the model in the output folder.
     *
     * @param config configuration; its {@code data} section says how the input is read
     * @param key configuration key of the input's path in messages
     * @param input file, folder or glob, in the format of {@code data.format}
     * @param output folder of the Parquet files, which must not exist unless the same command wrote it; or
     *     {@code table:NAME}, a table to which all rows are appended by one commit
     * @return agreement with F32 on the first rows, if {@code predict.precision} quantises and there is a row; empty if
     *     an earlier command has written or appended all predictions
     * @throws RunException if the input, the model or the output cannot be used
     */
    public static Optional<Agreement> run(
            SparkSession session, RunConfig config, String key, String input, String output) {
        return run(session, config, key, input, output, PartSizes.of(TaskSpecs.of(config)));
    }

    /**
     * Returns a digest of everything that predictions of a run's trained model depend on, except their rows.
     *
     * @throws RunException if there is no trained model
     */
    public static String digest(SparkSession session, RunConfig config) {
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        try {
            Predictor.check(resolved, hadoop);
            return digest(ModelTask.settings(resolved, hadoop));
        } catch (IOException e) {
            throw Errors.explain("the model in " + resolved.output().model(), e);
        }
    }

    private static String digest(Object settings) {
        return Sha256.of(settings.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    }

    static Optional<Agreement> run(
            SparkSession session, RunConfig config, String key, String input, String output, PartSizes sizes) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        String from = AbsolutePaths.of(key, input, hadoop);
        spark.setJobDescription("predict " + from);
        try {
            RowType<?> type = TaskSpecs.of(resolved).predictionRows();
            Optional<PredictionTable> table = DataConfig.isTable(output)
                    ? Optional.of(PredictionTable.of(session, output, Rows.schema(type)))
                    : Optional.empty();
            Predictor.check(resolved, hadoop);
            Calibration.require(resolved, hadoop);
            SourceFiles source = Sources.of(session, resolved.data(), key, null, from);
            Map<String, String> settings = settings(resolved, key, source, hadoop);
            Path to = table.isPresent()
                    ? staged(resolved, output, settings)
                    : new Path(AbsolutePaths.of("output", output, hadoop));
            Prediction prediction = new Prediction(session, resolved, source, settings, to, sizes);
            return table.isPresent() ? prediction.appendTo(table.get()) : prediction.write();
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the prediction of " + from, e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    /**
     * Prediction of the rows of a source.
     *
     * @param settings everything that the predictions depend on
     * @param to folder of the predictions
     */
    private record Prediction(
            SparkSession session,
            RunConfig config,
            SourceFiles source,
            Map<String, String> settings,
            Path to,
            PartSizes sizes) {
        private Configuration hadoop() {
            return session.sparkContext().hadoopConfiguration();
        }

        /** Writes the predictions into the folder, unless an earlier command has written them. */
        Optional<Agreement> write() throws IOException {
            RowType<?> type = TaskSpecs.of(config).predictionRows();
            int ranks = config.cluster().ranks();
            PredictionFolder folder =
                    PredictionFolder.open(to, new RowFolder(to, type, hadoop()), hadoop(), settings, ranks);
            if (folder.isFinished()) {
                LOG.warn("{} holds these predictions already", to);
                return Optional.empty();
            }
            SparkContext spark = session.sparkContext();
            ModelTask model = ModelTask.of(spark, config, ModelTask.Which.TRAINED, ModelTask.newCommand(), ranks);
            JavaRDD<TaskInput> inputs =
                    PrepareJob.inputs(session, config, source, sizes.partOf(source), folder.tasks(), 2 * sizes.most());
            List<PredictedPart> parts = new ArrayList<>(folder.begin(inputs));
            PartTask task = new PartTask(model, to.toString(), type, sizes);
            JavaRDD<PredictedPart> missing =
                    PredictionFolder.missing(inputs.mapPartitionsWithIndex(task, false), parts);
            parts.addAll(model.placement().place(missing.rdd()).toJavaRDD().collect());
            Optional<Agreement> agreement = AgreementTask.ofInputs(model, inputs);
            folder.finish(parts);
            return agreement;
        }

        /** Appends the predictions to a table, unless an earlier command has appended them. */
        Optional<Agreement> appendTo(PredictionTable table) throws Exception {
            Lease lease = Lease.ofCommand(to, hadoop());
            try {
                Optional<String> before = table.appended(to, hadoop());
                if (before.isPresent()) {
                    LOG.warn(
                            "these predictions were appended at {}: to append them once more, delete {}",
                            before.get(),
                            to);
                    return Optional.empty();
                }
                table.begin(to, hadoop());
                Optional<Agreement> agreement = write();
                if (!lease.renew()) {
                    throw lease.lost(null);
                }
                table.append(to, hadoop());
                return agreement;
            } catch (RunException e) {
                throw e;
            } catch (Exception e) {
                // Spark's Scala code throws checked exceptions that it does not declare.
                throw lease.isLost() ? lease.lost(e) : e;
            } finally {
                lease.release(false);
            }
        }
    }

    /** Returns the folder of the rows of a table, one for each thing that could differ. */
    private static Path staged(RunConfig config, String table, Map<String, String> settings) {
        String all = table + new TreeMap<>(settings);
        return new Path(config.output().dir(), PredictionTable.FOLDER + "/" + digest(all));
    }

    /** Returns everything that the predictions depend on. */
    private static Map<String, String> settings(RunConfig config, String key, SourceFiles source, Configuration hadoop)
            throws IOException {
        Map<String, String> settings = ModelTask.settings(config, hadoop);
        settings.put(key, source.path());
        settings.put("the files of " + key, source.fingerprint());
        Optional.ofNullable(Redaction.of(config.data().redact())).ifPresent(redaction -> {
            settings.put(
                    "the key of data.redact", String.valueOf(redaction.options().keyFingerprint()));
            settings.put(
                    "the model of data.redact",
                    String.valueOf(redaction.options().model()));
        });
        return settings;
    }
}
