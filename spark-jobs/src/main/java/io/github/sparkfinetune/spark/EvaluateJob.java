package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.metric.ClassificationTally;
import io.github.sparkfinetune.data.Manifest;
import io.github.sparkfinetune.data.ParquetSamples;
import io.github.sparkfinetune.data.Sample;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Measures a trained model on a split that it was not trained on. As many tasks as there are ranks compute it; what a
 * task predicts goes straight into {@code predictions.parquet} in the output folder, and the counts are added up from
 * there by Spark, so that the driver sees one row a pair of (label, prediction).
 *
 * <p>Columns: {@code index} (place in the split), {@code label}, {@code prediction}, {@code probabilities} (in the
 * order of the label ids), {@code loss} (cross-entropy).
 */
public final class EvaluateJob {
    private static final StructType SCHEMA = new StructType()
            .add("index", DataTypes.LongType, false)
            .add("label", DataTypes.StringType, false)
            .add("prediction", DataTypes.StringType, false)
            .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType, false), false)
            .add("loss", DataTypes.DoubleType, false);

    private static final String PREDICTIONS = "predictions.parquet";

    private EvaluateJob() {}

    /**
     * What was measured.
     *
     * @param split the split it was measured on
     * @param metrics by their names in {@code metrics.json}
     * @param labels names of the labels by id
     * @param confusion samples by {@code [label][prediction]}
     */
    public record Scores(String split, Map<String, Double> metrics, List<String> labels, long[][] confusion) {}

    /**
     * Evaluates the model in the output folder on the test split, or where the dataset has none on the evaluation
     * split.
     *
     * @throws RunException if there is no trained model, no such split, or they do not fit each other
     */
    public static Scores run(SparkSession session, RunConfig config) {
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        Path dataset = new Path(resolved.dataset());
        try {
            Manifest manifest = Manifest.read(dataset, hadoop);
            String split = heldOut(manifest, dataset);
            long rows = manifest.split(split).rows();
            int tasks = (int) Math.min(resolved.cluster().ranks(), rows);
            ModelTask model = new ModelTask(
                    resolved.output().model(),
                    resolved.training().perDeviceEvalBatchSize(),
                    Placement.of(spark, resolved, tasks),
                    new SerializableConfiguration(hadoop));
            String predictions = resolved.output().dir() + "/" + PREDICTIONS;
            Task task = new Task(model, resolved.dataset(), split, manifest.labels());
            JavaRDD<Row> predicted = new JavaSparkContext(spark)
                    .parallelize(Range.cut(rows, tasks), tasks)
                    .mapPartitions(task);
            session.createDataFrame(model.placement().place(predicted.rdd()).toJavaRDD(), SCHEMA)
                    .write()
                    .mode(SaveMode.Overwrite)
                    .parquet(predictions);
            return scores(
                    split, manifest.labels(), session.read().schema(SCHEMA).parquet(predictions));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw Errors.explain("the evaluation", e);
        }
    }

    private static String heldOut(Manifest manifest, Path dataset) {
        for (String split : List.of(Manifest.TEST, Manifest.EVAL)) {
            if (manifest.splits().containsKey(split)) {
                return split;
            }
        }
        throw RunException.config(dataset + " has neither test nor eval rows to evaluate on: set data.test_fraction"
                + " and prepare it again");
    }

    private static Scores scores(String split, List<String> labels, Dataset<Row> predictions) {
        int classes = labels.size();
        double[] numbers = new double[classes * classes + 1];
        List<Row> counts = predictions
                .groupBy("label", "prediction")
                .agg(functions.count("*"), functions.sum("loss"))
                .collectAsList();
        for (Row count : counts) {
            int label = labels.indexOf(count.getString(0));
            numbers[label * classes + labels.indexOf(count.getString(1))] += count.getLong(2);
            numbers[classes * classes] += count.getDouble(3);
        }
        ClassificationTally tally = ClassificationTally.ofNumbers(classes, numbers);
        return new Scores(split, tally.metrics(), labels, tally.confusion());
    }

    /** The places {@code from} to {@code to - 1} of a split. */
    private record Range(long from, long to) implements Serializable {
        static List<Range> cut(long rows, int parts) {
            return IntStream.range(0, parts)
                    .mapToObj(part -> new Range(rows * part / parts, rows * (part + 1) / parts))
                    .toList();
        }
    }

    /** Predicts a range of a split. */
    private record Task(ModelTask model, String dataset, String split, List<String> labels)
            implements FlatMapFunction<Iterator<Range>, Row> {
        @Override
        public Iterator<Row> call(Iterator<Range> ranges) throws IOException {
            Range range = ranges.next();
            Path folder = new Path(dataset);
            Configuration hadoop = model.hadoop().value();
            ParquetSamples samples = ParquetSamples.open(folder, Manifest.read(folder, hadoop), split, hadoop);
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> samples.close());
            Iterator<Sample> rows = LongStream.range(range.from(), range.to())
                    .mapToObj(samples::read)
                    .iterator();
            return new Classified<>(model.open(labels), rows, sample -> sample, this::row);
        }

        private Row row(Sample sample, float[] logits) {
            double[] probabilities = ClassificationTally.probabilities(logits);
            return RowFactory.create(
                    sample.index(),
                    labels.get(sample.label()),
                    labels.get(ClassificationTally.highest(logits)),
                    probabilities,
                    -Math.log(probabilities[sample.label()]));
        }
    }
}
