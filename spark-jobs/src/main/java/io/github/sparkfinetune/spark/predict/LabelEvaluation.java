package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.metric.ClassificationTally;
import io.github.sparkfinetune.core.predict.ClassPredictor;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ParquetSamples;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Measures a classifier.
 *
 * <p>Columns: {@code index} (place in the split), {@code label}, {@code prediction}, {@code probabilities} (in the
 * order of the label ids), {@code loss} (cross-entropy).
 */
final class LabelEvaluation {
    private static final StructType SCHEMA = new StructType()
            .add("index", DataTypes.LongType, false)
            .add("label", DataTypes.StringType, false)
            .add("prediction", DataTypes.StringType, false)
            .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType, false), false)
            .add("loss", DataTypes.DoubleType, false);

    private LabelEvaluation() {}

    static Scores run(SparkSession session, RunConfig config, Manifest manifest, String split) {
        long rows = manifest.split(split).rows();
        int tasks = EvaluateJob.tasks(config, rows);
        ModelTask model = ModelTask.of(session.sparkContext(), config, ModelTask.Which.TRAINED, tasks);
        Task task = new Task(model, manifest, split, rows, tasks);
        return scores(
                split,
                manifest.labels(),
                EvaluateJob.write(session, model, tasks, task, SCHEMA, EvaluateJob.PREDICTIONS));
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
        return Scores.ofLabels(split, tally.metrics(), labels, tally.confusion());
    }

    /** Predicts a range of a split: the part of a task's number among all. */
    private record Task(ModelTask model, Manifest manifest, String split, long rows, int tasks)
            implements FlatMapFunction<Iterator<Integer>, Row> {
        @Override
        public Iterator<Row> call(Iterator<Integer> numbers) throws IOException {
            int number = numbers.next();
            ParquetSamples samples = EvaluateJob.open(model, manifest, split);
            ClassPredictor predictor = model.open().classes();
            List<String> labels = manifest.labels();
            if (!labels.equals(predictor.labels())) {
                throw RunException.data(
                        "the model in " + model.config().output().model() + " knows the labels "
                                + predictor.labels() + ", the dataset has " + labels
                                + ": use the dataset that the model was trained on");
            }
            Iterator<Sample> mine = LongStream.range(rows * number / tasks, rows * (number + 1) / tasks)
                    .mapToObj(samples::read)
                    .iterator();
            return new ClassPrediction<Sample>(
                            predictor, sample -> sample, (sample, logits) -> row(labels, sample, logits))
                    .of(mine);
        }

        private static Row row(List<String> labels, Sample sample, float[] logits) {
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
